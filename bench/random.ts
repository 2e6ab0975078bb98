/** A source of random numbers that are the same in each run. */
export interface Random {
  /** A whole number from 0 to `end`, without `end`. */
  readonly below: (end: number) => number;
  /** One of the items. */
  readonly pick: <Item>(items: readonly Item[]) => Item;
  /** The items in random order. */
  readonly shuffle: <Item>(items: readonly Item[]) => readonly Item[];
}

/** Mulberry32. @param seed a different one for each sequence */
export function randomFrom(seed: number): Random {
  let state = seed;

  function below(end: number): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  function pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new RangeError('there is nothing to pick from');
    return items[below(items.length)] as Item;
  }

  return {
    below,
    pick,
    shuffle: (items) =>
      items
        .map((item) => ({ item, order: below(2 ** 32) }))
        .sort((one, other) => one.order - other.order)
        .map(({ item }) => item),
  };
}
