import type { FastifyInstance } from 'fastify';

type Headers = Readonly<Record<string, string>>;

/** For every answer. That of HTTPS alone, Strict-Transport-Security, is for whoever ends TLS before this server. */
const ALWAYS: Headers = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
};

/** For answers that are data: a browser that shows one as a page loads and runs nothing for it. */
export const DATA_HEADERS: Headers = {
  ...ALWAYS,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

const SANDBOX_CDN = 'https://embeddable-sandbox.cdn.apollographql.com';
const PAGE_CDN = 'https://apollo-server-landing-page.cdn.apollographql.com';

/**
 * For the landing page, which shows Apollo's Sandbox in a frame. The frame's queries come from the page itself, by `fetch`.
 * @param nonce that the page has on its own scripts and styles
 */
function pageHeaders(nonce: string): Headers {
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
