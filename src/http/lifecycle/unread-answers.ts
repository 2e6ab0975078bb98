import type { ServerResponse } from 'node:http';

import type { FastifyInstance } from 'fastify';

import { cut } from './cut';
import { whenOver } from './when-over';

/**
 * Cuts off clients that do not read their answers, which would be kept for them in memory. Node has no such timer.
 * @param patienceMs in which an answer must have been taken, in milliseconds
 */
export function cutUnreadAnswers(server: FastifyInstance, patienceMs: number): void {
  server.addHook('onSend', (_request, { raw }, payload, done) => {
    if (raw.socket) impatiently(raw, patienceMs);
    // Others on its connection are answered before it.
    else {
      raw.once('socket', () => {
        impatiently(raw, patienceMs);
      });
    }
    done(null, payload);
  });
}

function impatiently(response: ServerResponse, patienceMs: number): void {
  const impatience = setTimeout(() => {
    cut(response.req.socket, 'ANSWER_NOT_TAKEN');
  }, patienceMs);
  whenOver(response, () => {
    clearTimeout(impatience);
  });
}
