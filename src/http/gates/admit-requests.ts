import type { FastifyInstance, FastifyReply } from 'fastify';

import type { Admission } from './admission';
import { whenOver } from '../serving/when-over';

export interface AdmitOptions {
  readonly admission: Admission;
  /** How long a request may wait for its turn, in milliseconds. */
  readonly patienceMs: number;
  /** Answers a request for which there is no place, or none in time. */
  readonly refuse: (reply: FastifyReply) => void;
}

/** What those are told for whom there is no place. */
export const OVERLOADED = {
  message: 'The server has as much to do as it can take. Try again in a moment.',
  /** In seconds. */
  headers: { 'retry-after': '1' },
} as const;

/**
 * Lets requests in as there is room for them, before their bodies are read. A place is held until the request has been answered
 * in full, and until the work on it has ended: a client that goes away takes its work back only where that can be called off.
 */
export function admitRequests(
  server: FastifyInstance,
  { admission, patienceMs, refuse }: AdmitOptions,
): void {
  /** For those who hold a place: tells that the work is done. */
  const onWorkDone = new WeakMap<FastifyReply, () => void>();

  server.addHook('onRequest', (_request, reply, done) => {
    const place = admission.ask(() => {
      clearTimeout(impatience);
      done();
    });
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
    if (place.isAtWork()) done();
  });
  // Every way to an answer leads through here, whether somebody is left to read it or not.
  server.addHook('onSend', (_request, reply, payload, done) => {
    onWorkDone.get(reply)?.();
    done(null, payload);
  });
}
