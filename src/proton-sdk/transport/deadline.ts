import { setMaxListeners } from 'node:events';

/** A call was cancelled because the time for the whole request was up. */
export class DeadlineExceededError extends Error {
  override readonly name = 'DeadlineExceededError';

  constructor(timeoutMs: number) {
    super(`the request took longer than ${String(timeoutMs)} ms`);
  }
}

/** A call was cancelled because the client no longer waits for the response. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';

  constructor() {
    super('the client went away');
  }
}

export interface Deadline {
  /** Runs `work` with a signal that is aborted when the time is up, the client is gone, or `work` has settled. */
  readonly within: <Value>(work: (signal: AbortSignal) => Promise<Value>) => Promise<Value>;
}

/**
 * One deadline for everything that a request does. The time starts with the first call of `within`.
 * @param client aborted when the client is gone
 */
export function createDeadline(timeoutMs: number, client: AbortSignal | undefined): Deadline {
  let endsAt: number | undefined;

  return {
    async within(work) {
      endsAt ??= performance.now() + timeoutMs;
      const controller = new AbortController();
      // Every running call adds a listener, so Node's warning about a leak would be wrong.
      setMaxListeners(0, controller.signal);
      const abandon = () => {
        controller.abort(new ClientGoneError());
      };
      const timer = setTimeout(
        () => {
          controller.abort(new DeadlineExceededError(timeoutMs));
        },
        Math.max(0, endsAt - performance.now()),
      ).unref();
      client?.addEventListener('abort', abandon, { once: true });
      if (client?.aborted) abandon();
      // Abort now instead of waiting for the timer: a call that starts meanwhile could still be sent.
      if (performance.now() >= endsAt) controller.abort(new DeadlineExceededError(timeoutMs));
      try {
        return await work(controller.signal);
      } finally {
        clearTimeout(timer);
        // If one call has failed, others may still be running.
        abandon();
        client?.removeEventListener('abort', abandon);
      }
    },
  };
}

/** Settles as `work` does, or rejects with the signal's reason as soon as it is aborted. */
export function orAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(reasonOf(signal));
    };
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}

/** Why a signal was aborted. */
export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new ClientGoneError();
}

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
