import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

import {
  type Authentication,
  type UserAuthentication,
  authenticateUser,
  PUBLIC_VIEWER,
  ROUTER_WITHOUT_USER,
  viewerWithoutUser,
  type Viewer,
} from '../../authentication/authentication';
import { TooManyWaitingError } from '../../authentication/user/verification-keys';
import { AuthenticationError } from '../../authentication/headers';
import { RequestError } from '../../graphql/request-error';
import { asksForServiceDefinition } from './service-definition';

declare module 'fastify' {
  interface FastifyRequest {
    /** On whose behalf the request is answered; undefined for one that may not execute anything. */
    viewer: Viewer | undefined;
  }
}

export interface UserAuthenticationOptions {
  readonly authentication: Authentication;
  /** Whether there is a landing page, which is for everyone. */
  readonly introspectionEnabled: boolean;
  readonly logger: Logger;
}

/**
 * Tells on whose behalf each request is answered, and refuses those of persons who do not prove who they are. Goes after
 * `addRouterAuthentication`, and after whatever answers preflights.
 */
export function addUserAuthentication(
  server: FastifyInstance,
  { authentication, introspectionEnabled, logger }: UserAuthenticationOptions,
): void {
  const { router, user } = authentication;
  server.decorateRequest('viewer', undefined);
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

  async function identify(request: FastifyRequest, by: UserAuthentication): Promise<Viewer | undefined> {
    try {
      const found = await authenticateUser(request.raw.rawHeaders, tokenHeader, by);
      if (found?.claim === 'malformed') {
        logger.warn({ requestId: request.id, subject: found.viewer.subject }, MALFORMED_CLAIM);
      }
      return found?.viewer;
    } catch (error) {
      if (error instanceof TooManyWaitingError) throw notReady(SOON_MS);
      if (!(error instanceof AuthenticationError)) throw error;
      throw refuse(request, error.message, ' error="invalid_token"');
    }
  }

  // What is not routed executes nothing; the landing page does not either.
  const isForEveryone = (request: FastifyRequest) =>
    request.is404 || request.method === 'OPTIONS' || (introspectionEnabled && asksForPage(request));

  server.addHook('onRequest', async (request) => {
    if (isForEveryone(request)) {
      request.viewer = PUBLIC_VIEWER;
      return;
    }
    if (!user.keys.ready()) throw notReady(user.keys.retryMs);
    const viewer = await identify(request, user);
    if (viewer) setViewer(request, viewer);
    else if (!router) throw refuse(request, 'there is no token');
  });

  // A router that came without a person is let through to here, where it can be told what it asks for.
  server.addHook('preHandler', (request, _reply, done) => {
    if (request.viewer) done();
    else if (request.routerAuthenticated && asksForServiceDefinition(request)) {
      setViewer(request, ROUTER_WITHOUT_USER);
      done();
    } else done(refuse(request, 'there is no token'));
  });
}

const MALFORMED_CLAIM =
  "a token's claim about accounts is malformed, and so gives no permission: AUTH_ACCOUNTS_CLAIM names it, docs/guides/authentication.md describes it";

/** @throws RequestError where it is not known on whose behalf */
export function viewerOf({ viewer }: FastifyRequest): Viewer {
  if (viewer) return viewer;
  throw new RequestError(401, 'UNAUTHENTICATED', 'The request needs a valid token.');
}

function setViewer(request: FastifyRequest, viewer: Viewer): void {
  request.viewer = viewer;
  request.record.subject = viewer.subject;
}

/** What a browser sends to see a page. There is no document in it that could be executed. */
function asksForPage({ method, url, headers }: FastifyRequest): boolean {
  return method === 'GET' && !url.includes('?') && (headers.accept ?? '').includes('text/html');
}

/** By then the issuer has answered, or not. */
const SOON_MS = 1_000;

function notReady(retryMs: number): RequestError {
  return new RequestError(
    503,
    'NOT_READY',
    'The keys that tokens are verified with are not there yet. Try again later.',
    { 'retry-after': String(Math.max(1, Math.ceil(retryMs / 1_000))) },
  );
}
