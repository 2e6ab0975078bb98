import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { FastifyInstance } from 'fastify';

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

/**
 * Headers for the landing page, which shows Apollo Sandbox in a frame.
 * @param policy its Content Security Policy
 */
function landingHeaders(policy: string): ResponseHeaders {
  return {
    ...COMMON_HEADERS,
    'content-security-policy': policy,
    // The frame needs the page's origin, but not the rest of its URL.
    'referrer-policy': 'strict-origin',
    // Signing in to Apollo from Sandbox opens a window, which must be able to return its result.
    'cross-origin-opener-policy': 'same-origin-allow-popups',
  };
}

/**
 * Adds security headers to every response: stricter ones for data than for the landing page. Files of the console have their own
 * already.
 * @param landingPolicy undefined without a landing page
 */
export function addSecurityHeaders(server: FastifyInstance, landingPolicy: string | undefined): void {
  const pageHeaders = landingPolicy === undefined ? DATA_HEADERS : landingHeaders(landingPolicy);
  server.addHook('onSend', (_request, reply, payload, done) => {
    if (!reply.hasHeader('content-security-policy')) {
      const type = reply.getHeader('content-type');
      const isPage = typeof type === 'string' && type.startsWith('text/html');
      void reply.headers(isPage ? pageHeaders : DATA_HEADERS);
    }
    done(null, payload);
  });
}
