/** Numbers that depend on a seed alone. */
export interface Random {
  /** From 0 up to 1. */
  readonly next: () => number;
  /** One of the values. */
  readonly pick: <Value>(values: readonly [Value, ...Value[]]) => Value;
}

/** The generator Mulberry32. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  return { next, pick: (values) => values[Math.floor(next() * values.length)] ?? values[0] };
}
