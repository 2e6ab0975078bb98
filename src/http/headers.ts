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

const SANDBOX_CDN = 'https://embeddable-sandbox.cdn.apollographql.com';
const PAGE_CDN = 'https://apollo-server-landing-page.cdn.apollographql.com';

/**
 * Headers for the landing page, which shows Apollo Sandbox in a frame. The page itself sends the frame's queries, with `fetch`.
 * @param nonce on the page's own scripts and styles
 */
function pageHeaders(nonce: string): ResponseHeaders {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' ${SANDBOX_CDN}`,
    `style-src 'nonce-${nonce}' ${SANDBOX_CDN} https://fonts.googleapis.com`,
    'font-src https://fonts.gstatic.com',
    `img-src ${PAGE_CDN}`,
    `manifest-src ${PAGE_CDN}`,
    'frame-src https://sandbox.embed.apollographql.com',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return {
    ...COMMON_HEADERS,
    'content-security-policy': policy,
    // The frame needs the page's origin, but not the rest of its URL.
    'referrer-policy': 'strict-origin',
    // Signing in to Apollo from Sandbox opens a window, which must be able to return its result.
    'cross-origin-opener-policy': 'same-origin-allow-popups',
  };
}

/** Apollo's landing page creates a nonce for each page and puts it into a policy in the page. */
const NONCE = /'nonce-([A-Za-z0-9+/=_-]+)'/;

/**
 * Adds security headers to every response: stricter ones for data than for the landing page. Files of the console have their own
 * already.
 */
export function addSecurityHeaders(server: FastifyInstance): void {
  server.addHook('onSend', (_request, reply, payload, done) => {
    if (reply.hasHeader('content-security-policy')) {
      done(null, payload);
      return;
    }
    const type = reply.getHeader('content-type');
    const isPage = typeof type === 'string' && type.startsWith('text/html') && typeof payload === 'string';
    const nonce = isPage ? NONCE.exec(payload)?.[1] : undefined;
    void reply.headers(nonce === undefined ? DATA_HEADERS : pageHeaders(nonce));
    done(null, payload);
  });
}
