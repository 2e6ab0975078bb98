import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { BodyEvictedError, type BodyReader } from '../body/body-budget';
import type { BodyLimits } from '../body/read-body';
import { overloaded, sendRequestError } from '../errors';
import { onResponseEnd } from '../lifecycle/response-end';
import type { Admission } from './admission-queue';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it was sent; undefined without a body. */
    bodyBytes: Buffer | undefined;
    /** When the whole request had arrived, from `performance.now()`. */
    receivedAt: number;
    /** The execution of the request, if it may go on after the response. */
    work: Promise<unknown> | undefined;
    /** Called when that execution has ended, or with the response if there is none. Undefined without a slot. */
    onWorkEnd: (() => void) | undefined;
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
 *
 * A request keeps its slot until the response is complete and its execution has ended, because a disconnect does not stop an
 * execution that cannot be aborted.
 */
export function admitRequests(
  server: FastifyInstance,
  { admission, bodyReader, bodyLimits, timeoutMs, refuse }: AdmitOptions,
): void {
  server.decorateRequest('bodyBytes', undefined);
  server.decorateRequest('receivedAt', 0);
  server.decorateRequest('work', undefined);
  server.decorateRequest('onWorkEnd', undefined);

  server.addHook('onRequest', (_request, reply, done) => {
    if (admission.isFull()) refuse(reply);
    else done();
  });

  server.addHook('preParsing', (request, reply, payload, done) => {
    const admit = () => {
      request.receivedAt = performance.now();
      takeSlot(request, reply, () => {
        done(null, payload);
      });
    };
    if (!hasBody(request)) {
      admit();
      return;
    }
    const announcedBytes = Number(request.headers['content-length']);
    bodyReader.read(payload, { ...bodyLimits, announcedBytes }).then(
      (body) => {
        request.bodyBytes = body;
        admit();
      },
      (error: unknown) => {
        // Otherwise the rest of the body would be parsed as the next request.
        reply.header('connection', 'close');
        if (error instanceof BodyEvictedError) refuse(reply);
        else done(error instanceof Error ? error : new Error('a body could not be read', { cause: error }));
      },
    );
  });

  function takeSlot(request: FastifyRequest, reply: FastifyReply, onTurn: () => void): void {
    const slot = admission.enter(() => {
      clearTimeout(timer);
      onTurn();
    }, request.bodyBytes?.length);
    if (!slot) {
      refuse(reply);
      return;
    }
    const timer = slot.isInFlight()
      ? undefined
      : setTimeout(() => {
          slot.leave();
          refuse(reply);
        }, timeoutMs);
    let responseEnded = false;
    let workEnded = false;
    const leaveWhenDone = () => {
      if (responseEnded && (workEnded || !slot.isInFlight())) slot.leave();
    };
    request.onWorkEnd = () => {
      workEnded = true;
      leaveWhenDone();
    };
    onResponseEnd(reply.raw, () => {
      responseEnded = true;
      clearTimeout(timer);
      leaveWhenDone();
    });
    if (slot.isInFlight()) onTurn();
  }

  // Runs for every response, even if the client has disconnected.
  server.addHook('onSend', ({ work, onWorkEnd }, _reply, payload, done) => {
    if (onWorkEnd && work) void work.then(onWorkEnd, onWorkEnd);
    else onWorkEnd?.();
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
