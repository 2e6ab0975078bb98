import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { BodyEvictedError, type BodyReader } from '../body/body-budget';
import { arrivedBody, type BodyLimits } from '../body/read-body';
import { overloaded, sendRequestError } from '../errors';
import { onResponseEnd } from '../lifecycle/response-end';
import { isForPublicFile } from './public-file';
import type { Admission, Slot } from './admission-queue';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it was sent; undefined without a body. */
    bodyBytes: Buffer | undefined;
    /** When the whole request had arrived, from `performance.now()`. */
    receivedAt: number;
    /** The execution of the request, if it may go on after the response. */
    work: Promise<unknown> | undefined;
    /** Its place among the requests in flight; undefined until it is admitted. */
    slot: Slot | undefined;
  }
}

export interface AdmitOptions {
  readonly admission: Admission;
  readonly bodyReader: BodyReader;
  readonly bodyLimits: BodyLimits;
  /** How long a request may wait for its turn, in milliseconds. */
  readonly timeoutMs: number;
  /** Sends the response to a request that gets no slot, or not in time. */
  readonly refuse: (reply: FastifyReply) => void;
}

/**
 * Admits requests as capacity allows, before their bodies are parsed. A request takes a slot once its body has arrived, so that
 * incomplete requests do not occupy slots. If all slots are taken when the request starts, it is rejected at once.
 */
export function admitRequests(
  server: FastifyInstance,
  { admission, bodyReader, bodyLimits, timeoutMs, refuse }: AdmitOptions,
): void {
  server.decorateRequest('bodyBytes', undefined);
  server.decorateRequest('receivedAt', 0);
  server.decorateRequest('work', undefined);
  server.decorateRequest('slot', undefined);

  server.addHook('onRequest', (request, reply, done) => {
    if (admission.isFull() && !isForPublicFile(request)) refuse(reply);
    else done();
  });

  server.addHook('preParsing', (request, reply, payload, done) => {
    if (isForPublicFile(request)) {
      done(null, payload);
      return;
    }
    const admit = (body?: Buffer) => {
      request.bodyBytes = body;
      request.receivedAt = performance.now();
      takeSlot(request, reply, () => {
        done(null, payload);
      });
    };
    const readBody = () => {
      const limits = { ...bodyLimits, announcedBytes: Number(request.headers['content-length']) };
      const arrived = arrivedBody(payload, limits);
      if (arrived) {
        // Its end comes when Node has parsed all that it has read, and knows whether malformed input follows.
        payload.once('end', () => {
          admit(arrived);
        });
        payload.resume();
        return;
      }
      bodyReader.read(payload, limits).then(admit, (error: unknown) => {
        // Otherwise the rest of the body would be parsed as the next request.
        reply.header('connection', 'close');
        if (error instanceof BodyEvictedError) refuse(reply);
        else done(error instanceof Error ? error : new Error('a body could not be read', { cause: error }));
      });
    };
    // By the next tick Node has parsed the part of the body that arrived with the header.
    if (hasBody(request)) process.nextTick(readBody);
    else admit();
  });

  function takeSlot(request: FastifyRequest, reply: FastifyReply, onTurn: () => void): void {
    const slot = admission.enter(request.bodyBytes?.length ?? 0);
    if (!slot) {
      refuse(reply);
      return;
    }
    request.slot = slot;
    const { isInFlight } = slot;
    if (!isInFlight) {
      slot.wait(timeoutMs, onTurn, () => {
        refuse(reply);
      });
    }
    // After the wait has started: a response that has ended already ends it at once.
    onResponseEnd(reply.raw, slot);
    if (isInFlight) onTurn();
  }

  // Runs for every response, even if the client has disconnected.
  server.addHook('onSend', ({ work, slot }, _reply, payload, done) => {
    if (slot) {
      const workEnded = () => {
        slot.workEnded();
      };
      if (work) void work.then(workEnded, workEnded);
      else slot.workEnded();
    }
    done(null, payload);
  });
}

/** Whether there is a body that is read. */
function hasBody({ method, headers }: FastifyRequest): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Admits GraphQL requests as capacity allows; the others get `OVERLOADED`. */
export function admitGraphqlRequests(server: FastifyInstance, options: Omit<AdmitOptions, 'refuse'>): void {
  admitRequests(server, {
    ...options,
    refuse: (reply) => {
      sendRequestError(reply, overloaded());
    },
  });
}
