import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { AuthenticationError } from '../../authentication/headers';
import type { RouterProof, VerifyBody } from '../../authentication/router/router-proof';
import { BodyEvictedError, type BodyReader } from '../body/body-budget';
import { RequestError } from '../../graphql/request-error';
import { overloaded } from '../errors';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the router authenticated itself on this request. */
    routerAuthenticated: boolean;
  }
}

export interface RouterAuthenticationOptions {
  /** Undefined if routers need not authenticate. */
  readonly proof: RouterProof | undefined;
  /** Limit for a request's body, in bytes. */
  readonly bodyLimit: number;
  readonly bodyReader: BodyReader;
}

/**
 * Rejects unless the router sent the request. Reads the body if the proof covers it.
 * @throws RequestError 401 `UNAUTHENTICATED`; 503 `OVERLOADED` if too many bodies arrive at once
 */
export type AuthenticateRouter = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/**
 * Authenticates the router on every request, whatever its method and path, before anything is parsed. Without the router's proof a
 * client can't find out whether a user's token is valid, use up that user's rate limit, or occupy a slot.
 * @returns the check, for requests that fail before the first hook
 */
export function addRouterAuthentication(
  server: FastifyInstance,
  { proof, bodyLimit, bodyReader }: RouterAuthenticationOptions,
): AuthenticateRouter {
  server.decorateRequest('routerAuthenticated', false);
  if (!proof) return () => Promise.resolve();
  const bodies = new WeakMap<FastifyRequest, Buffer>();

  function toRequestError(error: unknown, { record }: FastifyRequest): unknown {
    if (!(error instanceof AuthenticationError)) return error;
    record.reason ??= error.message;
    return new RequestError(401, 'UNAUTHENTICATED', REFUSED, { 'www-authenticate': proof?.challenge ?? '' });
  }

  async function readWholeBody(raw: IncomingMessage, reply: FastifyReply): Promise<Buffer> {
    try {
      return await bodyReader.read(raw, { maxBytes: bodyLimit, maxReadBytes: bodyLimit });
    } catch (error) {
      // Otherwise the rest of the body would be parsed as the next request.
      reply.header('connection', 'close');
      if (!(error instanceof BodyEvictedError)) throw error;
      throw overloaded();
    }
  }

  async function verifyBodyOf(
    request: FastifyRequest,
    reply: FastifyReply,
    verifyBody: VerifyBody,
  ): Promise<void> {
    // Only the body of POST is used.
    if (request.method !== 'POST') {
      await verifyBody(Buffer.alloc(0));
      return;
    }
    const body = await readWholeBody(request.raw, reply);
    await verifyBody(body);
    bodies.set(request, body);
  }

  const authenticate: AuthenticateRouter = async (request, reply) => {
    const { method, raw } = request;
    try {
      const verifyBody = proof.verify({ method, url: raw.url ?? '', rawHeaders: raw.rawHeaders });
      if (verifyBody) await verifyBodyOf(request, reply, verifyBody);
    } catch (error) {
      throw toRequestError(error, request);
    }
    request.routerAuthenticated = true;
  };

  server.addHook('onRequest', authenticate);
  // The body was read for the proof. Provides it again for parsing.
  server.addHook('preParsing', (request, _reply, payload, done) => {
    const body = bodies.get(request);
    bodies.delete(request);
    done(null, body ? Readable.from([body], { objectMode: false }) : payload);
  });
  return authenticate;
}

const REFUSED =
  'This server answers its router alone, and the request does not prove that it comes from there.';
