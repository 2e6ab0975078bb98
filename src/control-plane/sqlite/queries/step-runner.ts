/** Work in short steps. Its runner may do other work between them. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** How long steps run before others have their turn, in milliseconds. The last step may go past it. */
const TURN_MS = 5;
/** Turns of the event loop between two of these: Node accepts one new connection in each. */
const PAUSE = 5;

/** Runs steps to their end, and lets the event loop do its other work in between. Rejects with the signal's reason once that is aborted. */
export type RunSteps = <Result>(
  steps: Steps<Result>,
  options: { readonly signal?: AbortSignal | undefined },
) => Promise<Result>;

/**
 * The first turn is at once: most lists end in it. Those that go on take turns in the order in which they ask, one at a time, so that a
 * hundred of them together keep the event loop no longer than one.
 */
export function createStepRunner(): RunSteps {
  const waiting: (() => void)[] = [];
  let isRunning = false;

  function next(pause: number): void {
    if (pause > 0) {
      setImmediate(next, pause - 1);
      return;
    }
    const begin = waiting.shift();
    isRunning = begin !== undefined;
    if (!begin) return;
    // What waits for it runs right after this callback.
    begin();
    setImmediate(next, PAUSE);
  }

  function turn(): Promise<void> {
    return new Promise((resolve) => {
      waiting.push(resolve);
      if (isRunning) return;
      isRunning = true;
      setImmediate(next, 0);
    });
  }

  return async (steps, options) => {
    for (;;) {
      const end = performance.now() + TURN_MS;
      do {
        const step = steps.next();
        if (step.done) return step.value;
      } while (performance.now() < end);
      await turn();
      // Looked at here and not before: a signal costs something to make, and a list that ends at once needs none.
      options.signal?.throwIfAborted();
    }
  };
}
