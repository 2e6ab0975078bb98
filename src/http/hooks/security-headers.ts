import type { FastifyInstance } from 'fastify';

import type { ResponseHeaders } from '../../graphql/request-error';
import { ALWAYS, DATA_HEADERS } from '../headers';

const SANDBOX_CDN = 'https://embeddable-sandbox.cdn.apollographql.com';
const PAGE_CDN = 'https://apollo-server-landing-page.cdn.apollographql.com';

/**
 * For the landing page, which shows Apollo's Sandbox in a frame. The frame's queries come from the page itself, by `fetch`.
 * @param nonce that the page has on its own scripts and styles
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
    ...ALWAYS,
    'content-security-policy': policy,
    // The frame may know which page it is in; more of its address it need not.
    'referrer-policy': 'strict-origin',
    // Who signs in to Apollo from Sandbox does so in a window of its own, which must find its way back.
    'cross-origin-opener-policy': 'same-origin-allow-popups',
  };
}

/** The landing page's renderer makes a nonce for each page, and puts it into a policy of the page's own. */
const NONCE = /'nonce-([A-Za-z0-9+/=_-]+)'/;

/** Tells browsers what they may do with each answer, which for data is nothing. */
export function sendSecurityHeaders(server: FastifyInstance): void {
  server.addHook('onSend', (_request, reply, payload, done) => {
    const type = reply.getHeader('content-type');
    const isPage = typeof type === 'string' && type.startsWith('text/html') && typeof payload === 'string';
    const nonce = isPage ? NONCE.exec(payload)?.[1] : undefined;
    void reply.headers(nonce === undefined ? DATA_HEADERS : pageHeaders(nonce));
    done(null, payload);
  });
}
