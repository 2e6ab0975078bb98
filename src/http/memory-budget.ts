import { getHeapStatistics } from 'node:v8';

const MEBIBYTE = 1_048_576;

/** What the process needs of the heap without a request: code, schema, caches, telemetry. */
const OWN_BYTES = 96 * MEBIBYTE;
const MIN_FREE_BYTES = 32 * MEBIBYTE;
const MAX_HELD_BYTES = 64 * MEBIBYTE;

/**
 * Bytes of the heap for each byte of a body that is worked on. The most that JSON makes of one byte is 22, in a list of empty
 * objects, and the text itself is a byte or two more. Representations take 3 with their results.
 */
const HEAP_PER_BODY_BYTE = 24;

/** Bytes of bodies that all requests of the process may have together, by how far the requests are. */
export interface MemoryBudget {
  /** On their way. */
  readonly arriving: number;
  /** Here, and in the queue. */
  readonly waiting: number;
  /** Parsed, executed, and not yet answered in full. */
  readonly atWork: number;
}

/**
 * Divides what the heap has room for. In a container Node takes half of its memory for the heap; bodies that arrive or wait are
 * buffers beside it.
 * @param heapBytes as `--max-old-space-size` or the container's memory sets it
 */
export function memoryBudget(heapBytes = getHeapStatistics().heap_size_limit): MemoryBudget {
  const free = Math.max(MIN_FREE_BYTES, heapBytes - OWN_BYTES);
  const held = Math.min(MAX_HELD_BYTES, Math.floor(free / 6));
  return { arriving: held, waiting: held, atWork: Math.floor(free / 2 / HEAP_PER_BODY_BYTE) };
}
