import { setFlagsFromString } from 'node:v8';

/**
 * How much the heap may grow before V8 collects garbage again, in percent of what is in use. By default V8 lets a heap of this size grow
 * to several times that. With this, requests for 100 random entities take 147 MB instead of 166, and those for 1,000 take 159
 * instead of 182; the CPU time is the same for 100, and a fifth more for 1,000.
 */
const GROWTH_PERCENT = 40;

/** Makes V8 collect garbage earlier, in the whole process. Call it before there is load. */
export function limitHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${String(GROWTH_PERCENT)}`);
}
