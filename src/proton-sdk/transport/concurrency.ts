/** Limits how many tasks run at the same time; further tasks wait in the order in which they came. */
export interface ConcurrencyLimit {
  readonly run: <Value>(task: () => Promise<Value>) => Promise<Value>;
}

export function createConcurrencyLimit(maxConcurrent: number): ConcurrencyLimit {
  let free = maxConcurrent;
  const waiting: (() => void)[] = [];

  return {
    async run(task) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await task();
      } finally {
        // Pass the slot to the next waiting task directly, so that a task that comes later can't overtake it.
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      }
    },
  };
}

/** Runs a task for each item, at most `maxConcurrent` at a time. Rejects with the first error. */
export async function inParallel<Item>(
  items: Iterable<Item>,
  maxConcurrent: number,
  task: (item: Item) => Promise<void>,
): Promise<void> {
  const remaining = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = remaining.next(); next.done !== true; next = remaining.next()) await task(next.value);
  };
  await Promise.all(Array.from({ length: maxConcurrent }, worker));
}
