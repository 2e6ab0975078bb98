import type { MaybePromise } from '../../../proton/proton-service';

/** Work in short steps. Its runner may do other work between them. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** How long steps run before other work has a turn, in milliseconds. The last step may exceed it. */
const TURN_MS = 5;
/** Event loop turns between two turns of steps. Node accepts one new connection in each. */
const PAUSE_TURNS = 5;

/**
 * Runs all steps. Returns the result at once when they end in the first turn. Otherwise it lets the event loop do other work in
 * between, and rejects with the signal's reason when it aborts.
 */
export type RunSteps = <Result>(steps: Steps<Result>, options: RunOptions) => MaybePromise<Result>;

interface RunOptions {
  readonly signal?: AbortSignal | undefined;
}

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

  async function runLater<Result>(steps: Steps<Result>, options: RunOptions): Promise<Result> {
    for (;;) {
      await turn();
      // Checked only now: the getter creates the signal, which a list that ends in one turn does not need.
      options.signal?.throwIfAborted();
      const end = runTurn(steps);
      if (end) return end.value;
    }
  }

  return (steps, options) => {
    const end = runTurn(steps);
    return end ? end.value : runLater(steps, options);
  };
}

/** Runs the steps of one turn. Undefined when there are more. */
function runTurn<Result>(steps: Steps<Result>): { readonly value: Result } | undefined {
  const end = performance.now() + TURN_MS;
  do {
    const step = steps.next();
    if (step.done) return step;
  } while (performance.now() < end);
  return undefined;
}
