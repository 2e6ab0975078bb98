import type { Readable } from 'node:stream';
import { getHeapStatistics } from 'node:v8';

import { type BodyLimits, readBody } from './read-body';

const MEBIBYTE = 1_048_576;

/** Heap that the process uses without requests: code, schema, caches, telemetry. */
const OWN_BYTES = 96 * MEBIBYTE;
const MIN_FREE_BYTES = 32 * MEBIBYTE;
const MAX_HELD_BYTES = 64 * MEBIBYTE;

/**
 * Bytes of heap for each body byte of a request in flight. Measured for the text and the parsed JSON: 22.3 for a list of empty
 * objects (the worst case), 17.6 for objects of different shapes, 17 for `[1]`, 14.4 for `[]`, 2.3 for representations.
 */
const HEAP_PER_BODY_BYTE = 24;

/** Limits for the total body bytes of all requests in the process, one for each stage of a request. */
export interface MemoryBudget {
  /** Bodies that are still being received. */
  readonly arriving: number;
  /** Received, and waiting in the admission queue. */
  readonly waiting: number;
  /** Parsed or executing, until the whole response is sent. */
  readonly inFlight: number;
}

/**
 * Derives the limits from the heap's size. In a container Node uses half of the memory for the heap. Bodies that arrive or wait
 * are buffers outside the heap.
 * @param heapBytes as set by `--max-old-space-size` or by the container's memory
 */
export function memoryBudget(heapBytes = getHeapStatistics().heap_size_limit): MemoryBudget {
  const free = Math.max(MIN_FREE_BYTES, heapBytes - OWN_BYTES);
  const held = Math.min(MAX_HELD_BYTES, Math.floor(free / 6));
  return { arriving: held, waiting: held, inFlight: Math.floor(free / 2 / HEAP_PER_BODY_BYTE) };
}

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
