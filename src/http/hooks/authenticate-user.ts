import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

import {
  authenticateUser,
  PUBLIC_VIEWER,
  ROUTER_WITHOUT_USER,
  viewerWithoutUser,
  type Authentication,
  type UserAuthentication,
  type Viewer,
} from '../../authentication/authentication';
import { AuthenticationError } from '../../authentication/headers';
import { TooManyWaitingError } from '../../authentication/user/verification-keys';
import { RequestError } from '../../graphql/request-error';
import { isForPublicFile } from './public-file';
import { upgradeOf } from '../websocket/upgrade-requests';
import { asksForServiceDefinition } from './service-definition';

declare module 'fastify' {
  interface FastifyRequest {
    /** The viewer; undefined until authentication, and for a router's request without a user's token. */
    viewer: Viewer | undefined;
    /** From when on the user's token is refused, in milliseconds since the epoch; undefined without a token. */
    tokenExpiresAt: number | undefined;
  }
}

export interface UserAuthenticationOptions {
  readonly authentication: Authentication;
  /** Also enables the landing page, which needs no token. */
  readonly introspectionEnabled: boolean;
  readonly logger: Logger;
}

/**
 * Authenticates the user of each request, sets `request.viewer`, and rejects requests without a valid token. Must be added after
 * `addRouterAuthentication` and `addCors`.
 */
export function addUserAuthentication(
  server: FastifyInstance,
  { authentication, introspectionEnabled, logger }: UserAuthenticationOptions,
): void {
  const { router, user } = authentication;
  server.decorateRequest('viewer', undefined);
  server.decorateRequest('tokenExpiresAt', undefined);
  if (!user) {
    const viewer = viewerWithoutUser(authentication);
    server.addHook('onRequest', (request, _reply, done) => {
      setViewer(request, viewer);
      done();
    });
    return;
  }

  const tokenHeader = router?.tokenHeader ?? 'authorization';
  const refuse = (request: FastifyRequest, reason: string, hint = ''): RequestError => {
    request.record.reason ??= reason;
    return new RequestError(
      401,
      'UNAUTHENTICATED',
      `The request needs a valid token, as in \`${tokenHeader}: Bearer …\`.`,
      { 'www-authenticate': `Bearer${hint}` },
    );
  };

  async function authenticate(
    request: FastifyRequest,
    userAuthentication: UserAuthentication,
  ): Promise<Viewer | undefined> {
    try {
      const token = await authenticateUser(request.raw.rawHeaders, tokenHeader, userAuthentication);
      if (token?.claim === 'malformed') {
        logger.warn({ requestId: request.id, subject: token.viewer.subject }, MALFORMED_CLAIM);
      }
      request.tokenExpiresAt = token?.expiresAt;
      return token?.viewer;
    } catch (error) {
      if (error instanceof TooManyWaitingError) throw notReady(RETRY_MS);
      if (!(error instanceof AuthenticationError)) throw error;
      throw refuse(request, error.message, ' error="invalid_token"');
    }
  }

  // These execute no document: unknown paths, OPTIONS, files of the console, and the landing page.
  const isPublic = (request: FastifyRequest) =>
    request.is404 ||
    request.method === 'OPTIONS' ||
    isForPublicFile(request) ||
    (introspectionEnabled && requestsLandingPage(request));

  server.addHook('onRequest', async (request) => {
    if (isPublic(request)) {
      request.viewer = PUBLIC_VIEWER;
      return;
    }
    if (!user.keys.ready()) throw notReady(user.keys.retryMs);
    // The token of a WebSocket may come with its first message.
    if (upgradeOf(request.raw)) {
      request.viewer = PUBLIC_VIEWER;
      return;
    }
    const viewer = await authenticate(request, user);
    if (viewer) setViewer(request, viewer);
    else if (!router) throw refuse(request, 'there is no token');
  });

  // A router may fetch the service definition without a user's token. Only here is the document known.
  server.addHook('preHandler', (request, _reply, done) => {
    if (request.viewer) done();
    else if (request.routerAuthenticated && asksForServiceDefinition(request)) {
      setViewer(request, ROUTER_WITHOUT_USER);
      done();
    } else done(refuse(request, 'there is no token'));
  });
}

const MALFORMED_CLAIM =
  'the accounts claim of a token is malformed and grants no permissions: AUTH_ACCOUNTS_CLAIM names it, docs/guides/authentication.md describes it';

/** @throws RequestError if the request has no viewer */
export function viewerOf({ viewer }: FastifyRequest): Viewer {
  if (viewer) return viewer;
  throw new RequestError(401, 'UNAUTHENTICATED', 'The request needs a valid token.');
}

function setViewer(request: FastifyRequest, viewer: Viewer): void {
  request.viewer = viewer;
  request.record.subject = viewer.subject;
}

/** Whether a browser requests the landing page. Such a request contains no document. */
function requestsLandingPage({ method, url, headers }: FastifyRequest): boolean {
  return method === 'GET' && !url.includes('?') && (headers.accept ?? '').includes('text/html');
}

/** When the issuer's response should be here. */
const RETRY_MS = 1_000;

function notReady(retryMs: number): RequestError {
  return new RequestError(
    503,
    'NOT_READY',
    'The keys that tokens are verified with are not there yet. Try again later.',
    { 'retry-after': String(Math.max(1, Math.ceil(retryMs / 1_000))) },
  );
}
