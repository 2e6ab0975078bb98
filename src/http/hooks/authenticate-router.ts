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
    /** Whether the router has proven that the request is its own. */
    routerAuthenticated: boolean;
  }
}

export interface RouterAuthenticationOptions {
  /** Undefined where routers need not prove anything. */
  readonly proof: RouterProof | undefined;
  /** Bytes in a request's body. */
  readonly bodyLimit: number;
  readonly bodyReader: BodyReader;
}

/**
 * Rejects unless the request is proven to be the router's, its body included, which is read for that.
 * @throws RequestError 401 `UNAUTHENTICATED`; 503 `OVERLOADED` where its body has to give way to others
 */
export type AuthenticateRouter = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/**
 * Has the router prove itself on every request, whatever its method and path, before anything else is looked at: whoever can't
 * prove it is not told whether a token that they hold is good, is not counted as its person, and takes nobody's place.
 * @returns the proof, for what is answered before the first hook
 */
export function addRouterAuthentication(
  server: FastifyInstance,
  { proof, bodyLimit, bodyReader }: RouterAuthenticationOptions,
): AuthenticateRouter {
  server.decorateRequest('routerAuthenticated', false);
  if (!proof) return () => Promise.resolve();
  const bodies = new WeakMap<FastifyRequest, Buffer>();

  function refusal(error: unknown, { record }: FastifyRequest): unknown {
    if (!(error instanceof AuthenticationError)) return error;
    record.reason ??= error.message;
    return new RequestError(401, 'UNAUTHENTICATED', REFUSED, { 'www-authenticate': proof?.challenge ?? '' });
  }

  async function wholeBody(raw: IncomingMessage, reply: FastifyReply): Promise<Buffer> {
    try {
      return await bodyReader.read(raw, { limit: bodyLimit, patience: bodyLimit });
    } catch (error) {
      // What is left of a body that was not read to its end would be taken for the next request.
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
    // Nobody reads another method's body.
    if (request.method !== 'POST') {
      await verifyBody(Buffer.alloc(0));
      return;
    }
    const body = await wholeBody(request.raw, reply);
    await verifyBody(body);
    bodies.set(request, body);
  }

  const prove: AuthenticateRouter = async (request, reply) => {
    const { method, raw } = request;
    try {
      const verifyBody = proof.verify({ method, url: raw.url ?? '', rawHeaders: raw.rawHeaders });
      if (verifyBody) await verifyBodyOf(request, reply, verifyBody);
    } catch (error) {
      throw refusal(error, request);
    }
    request.routerAuthenticated = true;
  };

  server.addHook('onRequest', prove);
  // What was read to be judged is there to be parsed as if it came just now.
  server.addHook('preParsing', (request, _reply, payload, done) => {
    const body = bodies.get(request);
    bodies.delete(request);
    done(null, body ? Readable.from([body], { objectMode: false }) : payload);
  });
  return prove;
}

const REFUSED =
  'This server answers its router alone, and the request does not prove that it comes from there.';
