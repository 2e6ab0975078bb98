import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { BodyCrowdedOutError, type ArrivingBodies } from '../body/body-budget';
import type { BodyBounds } from '../body/read-body';
import { overloaded, refuse as sendRefusal } from '../errors';
import type { Admission } from './admission-queue';
import { whenOver } from '../lifecycle/response-end';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it came; undefined where there is none. */
    bodyBytes: Buffer | undefined;
    /** When all of it was here, by the clock of `performance.now()`. */
    wholeAt: number;
    /** What goes on for it, where that may go on beyond its answer. */
    work: Promise<unknown> | undefined;
  }
}

export interface AdmitOptions {
  readonly admission: Admission;
  readonly arrivingBodies: ArrivingBodies;
  readonly bodyBounds: BodyBounds;
  /** How long a request may wait for its turn, in milliseconds. */
  readonly patienceMs: number;
  /** Answers a request for which there is no place, or none in time. */
  readonly refuse: (reply: FastifyReply) => void;
}

/**
 * Lets requests in as there is room for them, before their bodies are parsed. A request takes its place once its body is here, so
 * that nobody keeps others out by half a request; where all places are taken already when it begins, it is refused at once.
 *
 * A place is held until the request has been answered in full, and until the work on it has ended: a client that goes away takes
 * its work back only where that can be called off.
 */
export function admitRequests(
  server: FastifyInstance,
  { admission, arrivingBodies, bodyBounds, patienceMs, refuse }: AdmitOptions,
): void {
  server.decorateRequest('bodyBytes', undefined);
  server.decorateRequest('wholeAt', 0);
  server.decorateRequest('work', undefined);
  /** For those who hold a place: tells that the work is done. */
  const onWorkDone = new WeakMap<FastifyReply, () => void>();

  server.addHook('onRequest', (_request, reply, done) => {
    if (admission.isFull()) refuse(reply);
    else done();
  });

  server.addHook('preParsing', (request, reply, payload, done) => {
    const goOn = () => {
      request.wholeAt = performance.now();
      takePlace(reply, request.bodyBytes?.length ?? 0, () => {
        done(null, payload);
      });
    };
    if (!hasBody(request)) {
      goOn();
      return;
    }
    arrivingBodies.read(payload, bodyBounds).then(
      (body) => {
        request.bodyBytes = body;
        goOn();
      },
      (error: unknown) => {
        // What is left of a body that was not read to its end would be taken for the next request.
        reply.header('connection', 'close');
        if (error instanceof BodyCrowdedOutError) refuse(reply);
        else done(error instanceof Error ? error : new Error('a body could not be read', { cause: error }));
      },
    );
  });

  function takePlace(reply: FastifyReply, bytes: number, onTurn: () => void): void {
    const place = admission.ask(() => {
      clearTimeout(impatience);
      onTurn();
    }, bytes);
    if (!place) {
      refuse(reply);
      return;
    }
    const impatience = place.isAtWork()
      ? undefined
      : setTimeout(() => {
          place.leave();
          refuse(reply);
        }, patienceMs);
    let isOver = false;
    let isDone = false;
    const leaveInTheEnd = () => {
      if (isOver && (isDone || !place.isAtWork())) place.leave();
    };
    onWorkDone.set(reply, () => {
      isDone = true;
      leaveInTheEnd();
    });
    whenOver(reply.raw, () => {
      isOver = true;
      clearTimeout(impatience);
      leaveInTheEnd();
    });
    if (place.isAtWork()) onTurn();
  }

  // Every way to an answer leads through here, whether somebody is left to read it or not.
  server.addHook('onSend', ({ work }, reply, payload, done) => {
    const tell = onWorkDone.get(reply);
    if (tell && work) void work.then(tell, tell);
    else tell?.();
    done(null, payload);
  });
}

/** Whether there is a body that somebody reads. */
function hasBody({ method, headers }: FastifyRequest): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Lets as many requests in as there are places for. */
export function admitGraphql(server: FastifyInstance, options: Omit<AdmitOptions, 'refuse'>): void {
  admitRequests(server, {
    ...options,
    refuse: (reply: FastifyReply) => {
      sendRefusal(reply, overloaded());
    },
  });
}
