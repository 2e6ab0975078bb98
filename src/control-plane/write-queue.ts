import type { Connection } from '../proton/connection';
import type { ConnectionStore, Write, WriteResult } from './store';

/** The most writes in one commit. It bounds how long the first one waits for the last. */
const MAX_PER_COMMIT = 256;

interface QueuedWrite {
  readonly write: Write;
  readonly since: number;
  readonly resolve: (connection: Connection | undefined) => void;
  readonly reject: (failure: unknown) => void;
}

export interface WriteQueue {
  /** Resolves when the write is durable; rejects with its failure when it changed nothing. */
  readonly put: (write: Write) => Promise<Connection | undefined>;
  /** Resolves when the queue is empty and no commit is running. */
  readonly drained: () => Promise<void>;
}

/**
 * Groups writes into commits. A durable commit costs the same for one write as for a hundred, so writes that arrive during a commit
 * share the next one. A single write is not delayed: it is committed once the event loop has read the requests that have arrived.
 */
export function createWriteQueue(store: Pick<ConnectionStore, 'write' | 'concurrentWrites'>): WriteQueue {
  let waiting: QueuedWrite[] = [];
  let runners = 0;
  let drained: (() => void)[] = [];

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      // Another runner may have taken them.
      if (waiting.length === 0) break;
      const batch = waiting.slice(0, MAX_PER_COMMIT);
      waiting = waiting.slice(MAX_PER_COMMIT);
      await commit(store, batch);
    }
    // In the same turn as the check that nothing waits, so that no write is left behind.
    runners -= 1;
    if (runners > 0) return;
    for (const resolve of drained) resolve();
    drained = [];
  }

  return {
    put: (write) =>
      new Promise((resolve, reject) => {
        waiting.push({ write, since: performance.now(), resolve, reject });
        if (runners >= store.concurrentWrites) return;
        runners += 1;
        void run();
      }),
    drained: () =>
      new Promise((resolve) => {
        if (runners === 0) resolve();
        else drained.push(resolve);
      }),
  };
}

async function commit(store: Pick<ConnectionStore, 'write'>, batch: readonly QueuedWrite[]): Promise<void> {
  let results: readonly WriteResult[];
  try {
    results = await store.write(
      batch.map(({ write }) => write),
      // Time in the queue counts, so that writes queued behind a locked database don't each wait for the full timeout.
      performance.now() - (batch[0]?.since ?? performance.now()),
    );
  } catch (failure) {
    for (const { reject } of batch) reject(failure);
    return;
  }
  batch.forEach(({ resolve, reject }, index) => {
    const result = results[index];
    if (result === undefined)
      reject(
        new Error(`the store returned ${String(results.length)} results for ${String(batch.length)} writes`),
      );
    else if ('failure' in result) reject(result.failure);
    else resolve(result.connection);
  });
}
