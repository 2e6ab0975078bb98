/** Turns of the event loop at most between one turn and the next. */
const LONGEST_PAUSE = 512;

/**
 * Gives out turns to begin dear work, in the order in which they are asked for. Whoever comes in between with little to ask for is
 * answered in between: for each millisecond that the last work kept the event loop, that may turn once before the next. One turn
 * would not do, for Node takes one new connection in each, so that of those who come at once most would not even be seen to wait.
 * @returns resolves when the turn has come
 */
export function createTurns(): () => Promise<void> {
  const waiting: (() => void)[] = [];
  let isRunning = false;
  let pause = 0;

  function begin(): void {
    if (pause > 0) {
      pause -= 1;
      setImmediate(begin);
      return;
    }
    const give = waiting.shift();
    isRunning = give !== undefined;
    if (!give) return;
    give();
    const begunAt = performance.now();
    setImmediate(() => {
      pause = Math.min(LONGEST_PAUSE, Math.floor(performance.now() - begunAt));
      begin();
    });
  }

  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (!isRunning) setImmediate(begin);
      isRunning = true;
    });
}
