import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

import { AuthenticationRefusal } from '../../authentication/refusal';
import type { JudgeBody, RouterProof } from '../../authentication/router/router-proof';
import { RequestError } from '../errors';
import { readRawBody } from '../bodies/raw-body';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the router has proven that the request is its own. */
    routerProven: boolean;
  }
}

export interface RouterOptions {
  /** Undefined where routers need not prove anything. */
  readonly proof: RouterProof | undefined;
  /** Bytes in a request's body. */
  readonly bodyLimit: number;
  readonly logger: Logger;
}

/**
 * Has the router prove itself on every request, whatever its method and path, before anything else is looked at. A proof that
 * covers the body is completed once that is here, before anything parses it.
 */
export function requireRouter(server: FastifyInstance, { proof, bodyLimit, logger }: RouterOptions): void {
  server.decorateRequest('routerProven', false);
  if (!proof) return;
  const awaitingBody = new WeakMap<FastifyRequest, JudgeBody>();

  function refusal(error: unknown, { id }: FastifyRequest): unknown {
    if (!(error instanceof AuthenticationRefusal)) return error;
    logger.info({ requestId: id, reason: error.message }, "a request was not proven to be the router's");
    return new RequestError(401, 'UNAUTHENTICATED', REFUSED, { 'www-authenticate': proof?.challenge ?? '' });
  }

  async function judgeBodyOf(request: FastifyRequest, judge: JudgeBody, body: Buffer): Promise<void> {
    try {
      await judge(body);
    } catch (error) {
      throw refusal(error, request);
    }
    request.routerProven = true;
  }

  server.addHook('onRequest', async (request) => {
    const { method, raw } = request;
    let judge: JudgeBody | undefined;
    try {
      judge = proof.judge({ method, url: raw.url ?? '', rawHeaders: raw.rawHeaders });
    } catch (error) {
      throw refusal(error, request);
    }
    if (!judge) request.routerProven = true;
    else if (method === 'POST') awaitingBody.set(request, judge);
    // Nobody reads another method's body, and what answers it must find it proven.
    else await judgeBodyOf(request, judge, Buffer.alloc(0));
  });

  server.addHook('preParsing', async (request, reply, payload) => {
    const judge = awaitingBody.get(request);
    if (!judge) return payload;
    const body = await wholeBody(request.raw, bodyLimit, reply);
    await judgeBodyOf(request, judge, body);
    return Readable.from([body], { objectMode: false });
  });
}

const REFUSED =
  'This server answers its router alone, and the request does not prove that it comes from there.';

async function wholeBody(raw: IncomingMessage, limit: number, reply: FastifyReply): Promise<Buffer> {
  try {
    return await readRawBody(raw, { limit, patience: limit });
  } catch (error) {
    // What is left of a body that was not read to its end would be taken for the next request.
    reply.header('connection', 'close');
    throw error;
  }
}
