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

/** Sent with every response. Strict-Transport-Security is the job of the proxy that terminates TLS. */
export const COMMON_HEADERS: ResponseHeaders = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
};

/** Sent with data. A browser that shows such a response as a page loads and runs nothing. */
export const DATA_HEADERS: ResponseHeaders = {
  ...COMMON_HEADERS,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};
