import type { Readable } from 'node:stream';

import { memoryBudget } from '../memory-budget';
import { readBody, type BodyLimits } from './read-body';

/** Limits for all bodies that are being received, together. */
export interface BodyBudget {
  readonly bodies: number;
  /** Total bytes buffered. */
  readonly bytes: number;
}

/** Too many bodies arrived at once, and this one was dropped to make room. */
export class BodyEvictedError extends Error {
  override readonly name = 'BodyEvictedError';
  readonly statusCode = 503;
}

/** Reads request bodies within one budget. All servers of a process share one reader. */
export interface BodyReader {
  /** @throws BodyTooLargeError, UnreadableBodyError, BodyEvictedError */
  readonly read: (payload: Readable, limits: BodyLimits) => Promise<Buffer>;
}

interface ArrivingBody {
  bytes: number;
  abort: (reason: Error) => void;
}

/** High, because an incomplete request costs its client nothing: an attacker needs this many before a body is dropped. */
const MAX_BODIES = 4_096;

/**
 * When the budget is exceeded, the oldest body is dropped, not the newest. Most bodies arrive within a moment, so an attacker would
 * have to start very many requests within that moment to push others out.
 */
export function createBodyReader(
  { bodies, bytes }: BodyBudget = { bodies: MAX_BODIES, bytes: memoryBudget().arriving },
): BodyReader {
  /** In the order in which their reading started. */
  const arriving = new Set<ArrivingBody>();
  let buffered = 0;

  function remove(body: ArrivingBody): void {
    if (!arriving.delete(body)) return;
    buffered -= body.bytes;
  }

  function evict(): void {
    for (const body of arriving) {
      if (arriving.size <= bodies && (buffered <= bytes || arriving.size === 1)) return;
      remove(body);
      body.abort(new BodyEvictedError('The body had to give way to others.'));
    }
  }

  return {
    async read(payload, limits) {
      const body: ArrivingBody = { bytes: 0, abort: () => undefined };
      arriving.add(body);
      try {
        return await readBody(payload, limits, {
          onStart(abort) {
            body.abort = abort;
            evict();
          },
          onBuffered(length) {
            buffered += length - body.bytes;
            body.bytes = length;
            evict();
          },
        });
      } finally {
        remove(body);
      }
    },
  };
}
