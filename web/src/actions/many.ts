import type { Result } from './perform';

/** Requests at a time. */
const AT_A_TIME = 4;
/** How often a request that met a busy server is repeated. */
const REPEATS = 5;

/**
 * Runs an action for each item, four at a time. A busy server is given the time that it asks for.
 * @returns the results in the order of the items
 */
export async function forEach<Item, Data>(
  items: readonly Item[],
  action: (item: Item) => Promise<Result<Data>>,
): Promise<readonly Result<Data>[]> {
  const results: Result<Data>[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      results[index] = await untilNotBusy(() => action(items[index] as Item));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return results;
}

async function untilNotBusy<Data>(action: () => Promise<Result<Data>>): Promise<Result<Data>> {
  let result = await action();
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    const retryAfterS = result.ok ? undefined : result.failure?.retryAfterS;
    if (retryAfterS === undefined) break;
    await new Promise((resolve) => setTimeout(resolve, retryAfterS * 1_000));
    result = await action();
  }
  return result;
}
