/** Lets so many things be under way at once and no more; the others wait for their turn, in the order they came. */
export interface Slots {
  readonly run: <Value>(work: () => Promise<Value>) => Promise<Value>;
}

export function createSlots(most: number): Slots {
  let free = most;
  const waiting: (() => void)[] = [];

  return {
    async run(work) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        // A slot is handed on rather than freed, so that nobody who comes later gets in between.
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      }
    },
  };
}

/** Does something with each item, so many at a time; resolves when all are done, rejects with the first that fails. */
export async function inParallel<Item>(
  items: Iterable<Item>,
  most: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = waiting.next(); next.done !== true; next = waiting.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: most }, worker));
}
