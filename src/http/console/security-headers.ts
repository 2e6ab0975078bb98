import type { ResponseHeaders } from '../../graphql/request-error';
import { COMMON_HEADERS } from '../headers';
import type { ConsoleSettings } from './settings';

/** Sent with every file of the console. Nothing inline, nothing from elsewhere, no markup from text. */
export function consoleHeaders({ graphqlUrl, signIn }: ConsoleSettings): ResponseHeaders {
  const issuer = signIn.kind === 'oidc' ? [new URL(signIn.issuer).origin, ...signIn.origins] : [];
  return pageHeaders([
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self'",
    connectSource([...gatewayOrigins(graphqlUrl), ...issuer]),
    "require-trusted-types-for 'script'",
  ]);
}

/** Sent with every file of the explorer. Its editor sets styles at run time, and its style sheets hold a font and images. */
export function explorerHeaders({ graphqlUrl }: ConsoleSettings): ResponseHeaders {
  return pageHeaders([
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self' data:",
    "img-src 'self' data:",
    connectSource(gatewayOrigins(graphqlUrl)),
  ]);
}

function pageHeaders(directives: readonly string[]): ResponseHeaders {
  return {
    ...COMMON_HEADERS,
    'content-security-policy': [
      ...directives,
      "form-action 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  };
}

/** `'self'` includes WebSockets of the same origin. */
function connectSource(origins: readonly string[]): string {
  return ['connect-src', "'self'", ...new Set(origins)].join(' ');
}

function gatewayOrigins(graphqlUrl: string | undefined): readonly string[] {
  if (graphqlUrl === undefined) return [];
  const { origin } = new URL(graphqlUrl);
  return [origin, origin.replace(/^http/, 'ws')];
}
