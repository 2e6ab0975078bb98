/**
 * Shares the event loop with other work: much of the same work is done in parts, a few in each turn of the event loop.
 * @param perTurn parts that are done in one turn
 * @returns a function whose promise resolves when the caller may do its next part; callers take turns
 */
export function createTurns(perTurn: number): () => Promise<void> {
  let waiting: (() => void)[] = [];
  let isScheduled = false;

  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(run);
  }

  function run(): void {
    isScheduled = false;
    const now = waiting.slice(0, perTurn);
    waiting = waiting.slice(perTurn);
    for (const start of now) start();
    if (waiting.length > 0) schedule();
  }

  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      schedule();
    });
}
