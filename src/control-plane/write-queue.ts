import type { Connection } from '../proton/connection';
import type { ConnectionStore, Write, WriteAnswer } from './store';

/** Writes that one commit takes at most: it bounds how long the first of them waits for the last. */
const MOST_PER_COMMIT = 256;

interface Waiting {
  readonly write: Write;
  readonly since: number;
  readonly resolve: (connection: Connection | undefined) => void;
  readonly reject: (failure: unknown) => void;
}

export interface WriteQueue {
  /** Resolves when the write is durable; rejects with its failure when it changed nothing. */
  readonly put: (write: Write) => Promise<Connection | undefined>;
  /** Resolves when nothing waits any more. */
  readonly drained: () => Promise<void>;
}

/**
 * Groups writes into commits. A commit that reaches the disk costs the same for one write as for a hundred, so the writes that
 * arrive while one is under way share the next. A write that comes alone is not kept waiting for company: it goes as soon as
 * the event loop has read what other clients had already sent.
 */
export function createWriteQueue(store: Pick<ConnectionStore, 'write'>): WriteQueue {
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      const batch = waiting.slice(0, MOST_PER_COMMIT);
      waiting = waiting.slice(MOST_PER_COMMIT);
      await commit(store, batch);
    }
    running = undefined;
  }

  return {
    put: (write) =>
      new Promise((resolve, reject) => {
        waiting.push({ write, since: performance.now(), resolve, reject });
        running ??= run();
      }),
    drained: async () => {
      await running;
    },
  };
}

async function commit(store: Pick<ConnectionStore, 'write'>, batch: readonly Waiting[]): Promise<void> {
  let answers: readonly WriteAnswer[];
  try {
    answers = await store.write(
      batch.map(({ write }) => write),
      // Behind a lock that others have waited for in vain, nobody waits for as long again.
      performance.now() - (batch[0]?.since ?? performance.now()),
    );
  } catch (failure) {
    for (const { reject } of batch) reject(failure);
    return;
  }
  batch.forEach(({ resolve, reject }, index) => {
    const answer = answers[index];
    if (answer === undefined)
      reject(new Error(`the store gave ${String(answers.length)} answers to ${String(batch.length)} writes`));
    else if ('failure' in answer) reject(answer.failure);
    else resolve(answer.connection);
  });
}
