import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { ResponseHeaders } from '../graphql/request-error';

export const REQUEST_ID_HEADER = 'x-request-id';

/** Safe in a log line and in a header. */
const REQUEST_ID = /^[\w.:/+=@-]{1,128}$/;

/** Fastify's `genReqId`: the client's request id when it is valid, else a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers[REQUEST_ID_HEADER];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/** For every answer. That of HTTPS alone, Strict-Transport-Security, is for whoever ends TLS before this server. */
export const ALWAYS: ResponseHeaders = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
};

/** For answers that are data: a browser that shows one as a page loads and runs nothing for it. */
export const DATA_HEADERS: ResponseHeaders = {
  ...ALWAYS,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};
