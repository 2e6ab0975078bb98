/** Work in short steps. Its runner may do other work between them. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** How long steps run before other work has a turn, in milliseconds. The last step may exceed it. */
const TURN_MS = 5;
/** Event loop turns between two turns of steps. Node accepts one new connection in each. */
const PAUSE_TURNS = 5;

/** Runs all steps, and lets the event loop do other work in between. Rejects with the signal's reason when it aborts. */
export type RunSteps = <Result>(
  steps: Steps<Result>,
  options: { readonly signal?: AbortSignal | undefined },
) => Promise<Result>;

/**
 * The first turn starts at once, and most lists end in it. The others queue for further turns, one at a time, so that a hundred of them
 * block the event loop no longer than one.
 */
export function createStepRunner(): RunSteps {
  const waiting: (() => void)[] = [];
  let isRunning = false;

  function next(pause: number): void {
    if (pause > 0) {
      setImmediate(next, pause - 1);
      return;
    }
    const start = waiting.shift();
    isRunning = start !== undefined;
    if (!start) return;
    // The steps run in a microtask, right after this callback.
    start();
    setImmediate(next, PAUSE_TURNS);
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
      // Checked only now: the getter creates the signal, which a list that ends in one turn does not need.
      options.signal?.throwIfAborted();
    }
  };
}
