import type { Readable } from 'node:stream';

import { memoryBudget } from '../memory-budget';
import { readRawBody, type BodyBounds } from './read-body';

/** What all bodies that are on their way may be together. */
export interface ArrivingBounds {
  readonly bodies: number;
  /** Bytes that are kept of them. */
  readonly bytes: number;
}

/** A body that has given way to others, for there were too many on their way. */
export class BodyCrowdedOutError extends Error {
  override readonly name = 'BodyCrowdedOutError';
  readonly statusCode = 503;
}

/** Reads bodies, of which only so much may be on its way at a time. All servers of a process share one. */
export interface ArrivingBodies {
  /** @throws BodyTooLargeError, BodyBrokenError, BodyCrowdedOutError */
  readonly read: (payload: Readable, bounds: BodyBounds) => Promise<Buffer>;
}

interface Arriving {
  bytes: number;
  giveUp: (why: Error) => void;
}

/** Half a request costs its sender nothing, so that there are many before one must give way. */
const MAX_BODIES = 4_096;

/**
 * Where there is no room, the body that has been on its way for longest gives way, and not the newest: most arrive in a moment, and
 * who keeps others out would have to begin so many in that moment.
 */
export function createArrivingBodies(
  { bodies, bytes }: ArrivingBounds = { bodies: MAX_BODIES, bytes: memoryBudget().arriving },
): ArrivingBodies {
  /** In the order in which they began. */
  const underWay = new Set<Arriving>();
  let held = 0;

  function forget(body: Arriving): void {
    if (!underWay.delete(body)) return;
    held -= body.bytes;
  }

  function makeRoom(): void {
    for (const body of underWay) {
      if (underWay.size <= bodies && (held <= bytes || underWay.size === 1)) return;
      forget(body);
      body.giveUp(new BodyCrowdedOutError('The body had to give way to others.'));
    }
  }

  return {
    async read(payload, bounds) {
      const body: Arriving = { bytes: 0, giveUp: () => undefined };
      underWay.add(body);
      try {
        return await readRawBody(payload, bounds, {
          begun(giveUp) {
            body.giveUp = giveUp;
            makeRoom();
          },
          keeps(length) {
            held += length - body.bytes;
            body.bytes = length;
            makeRoom();
          },
        });
      } finally {
        forget(body);
      }
    },
  };
}
