import type { Steps } from './step-runner';

/**
 * The median of some numbers, in any order; the mean of the two in the middle if their count is even, and null if there are none. Each
 * step visits every number once at most: sorting a million at once would block the event loop for too long.
 */
export function* medianOf(numbers: readonly number[]): Steps<number | null> {
  if (numbers.length === 0) return null;
  const upper = yield* selectNth(numbers, Math.floor(numbers.length / 2));
  if (numbers.length % 2 === 1) return upper;
  const lower = yield* selectNth(numbers, numbers.length / 2 - 1);
  return (lower + upper) / 2;
}

/** Divides the numbers until one is left, without sorting them: the number that would be at this index if they were sorted. */
function* selectNth(numbers: readonly number[], index: number): Steps<number> {
  let candidates = numbers;
  let place = index;
  for (;;) {
    const pivot = candidates[Math.floor(Math.random() * candidates.length)] ?? 0;
    const smaller: number[] = [];
    const greater: number[] = [];
    for (const one of candidates) {
      if (one < pivot) smaller.push(one);
      else if (one > pivot) greater.push(one);
    }
    const equal = candidates.length - smaller.length - greater.length;
    yield;
    if (place < smaller.length) candidates = smaller;
    else if (place < smaller.length + equal) return pivot;
    else {
      place -= smaller.length + equal;
      candidates = greater;
    }
  }
}
