import type { FastifyRequest } from 'fastify';

import { RequestError } from '../../graphql/request-error';
import { requestedHost } from '../host';

/**
 * Rejects a WebSocket that a page of another origin opens: browsers let any page do that, with the cookies and the network of its
 * visitor, and CORS does not apply. Programs other than browsers send no `Origin`.
 * @param allowed origins besides the server's own
 * @throws RequestError 403 `FORBIDDEN_ORIGIN`
 */
export function checkOrigin(request: FastifyRequest, allowed: readonly string[]): void {
  const origins = request.raw.headersDistinct['origin'] ?? [];
  const [origin] = origins;
  if (origin === undefined) return;
  if (origins.length === 1 && (allowed.includes(origin) || isOwn(origin, requestedHost(request)))) return;
  throw new RequestError(
    403,
    'FORBIDDEN_ORIGIN',
    'Pages of this origin may not open a WebSocket here. CORS_ORIGINS lists those that may.',
  );
}

/** The scheme is not compared: a proxy may terminate TLS. */
function isOwn(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: ofPage } = new URL(origin);
  const own = `${protocol}//${host}`;
  return /^https?:$/.test(protocol) && URL.canParse(own) && new URL(own).host === ofPage;
}
