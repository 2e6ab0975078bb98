import { setMaxListeners } from 'node:events';

/** Why a call was given up: the time for the whole request was over. */
export class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed';

  constructor(timeoutMs: number) {
    super(`the request's ${String(timeoutMs)} ms were over`);
  }
}

/** Why a call was given up: nobody waits for it. */
export class NobodyWaits extends Error {
  override readonly name = 'NobodyWaits';

  constructor() {
    super('the client went away');
  }
}

export interface Deadline {
  /** Runs something with a signal that ends it when the time is up or the client is gone. */
  readonly within: <Value>(work: (signal: AbortSignal) => Promise<Value>) => Promise<Value>;
}

/** A deadline over everything that one request does; it starts with the first thing. */
export function createDeadline(timeoutMs: number, client: AbortSignal | undefined): Deadline {
  let endsAt: number | undefined;

  return {
    async within(work) {
      endsAt ??= performance.now() + timeoutMs;
      const controller = new AbortController();
      // One listener for each call under way; there may be as many as the pool has slots.
      setMaxListeners(0, controller.signal);
      const abandon = () => {
        controller.abort(new NobodyWaits());
      };
      const timer = setTimeout(
        () => {
          controller.abort(new DeadlinePassed(timeoutMs));
        },
        Math.max(0, endsAt - performance.now()),
      ).unref();
      client?.addEventListener('abort', abandon, { once: true });
      if (client?.aborted) abandon();
      // At once, and not with the timer: what is begun meanwhile might be sent.
      if (performance.now() >= endsAt) controller.abort(new DeadlinePassed(timeoutMs));
      try {
        return await work(controller.signal);
      } finally {
        clearTimeout(timer);
        // Where one part has failed, others may still be under way.
        abandon();
        client?.removeEventListener('abort', abandon);
      }
    },
  };
}

/** Rejects with the signal's reason as soon as it is aborted, whatever becomes of the work. */
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

export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new NobodyWaits();
}
