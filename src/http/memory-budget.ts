import { getHeapStatistics } from 'node:v8';

const MEBIBYTE = 1_048_576;

/** Heap that the process uses without requests: code, schema, caches, telemetry. */
const OWN_BYTES = 96 * MEBIBYTE;
const MIN_FREE_BYTES = 32 * MEBIBYTE;
const MAX_HELD_BYTES = 64 * MEBIBYTE;

/**
 * Bytes of heap for each body byte of a request at work. Measured for the text and the parsed JSON: 22.3 for a list of empty
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
  readonly atWork: number;
}

/**
 * Derives the limits from the heap's size. In a container Node uses half of the memory for the heap. Bodies that arrive or wait
 * are buffers outside the heap.
 * @param heapBytes as set by `--max-old-space-size` or by the container's memory
 */
export function memoryBudget(heapBytes = getHeapStatistics().heap_size_limit): MemoryBudget {
  const free = Math.max(MIN_FREE_BYTES, heapBytes - OWN_BYTES);
  const held = Math.min(MAX_HELD_BYTES, Math.floor(free / 6));
  return { arriving: held, waiting: held, atWork: Math.floor(free / 2 / HEAP_PER_BODY_BYTE) };
}
