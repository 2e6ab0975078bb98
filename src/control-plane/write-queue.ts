import type { Connection } from '../proton/connection';
import { lockedRowOf, type ConnectionStore, type Write, type WriteResult } from './store';

/** The most writes in one commit. It bounds how long the first one waits for the last. */
const MAX_PER_COMMIT = 256;
/**
 * How long a commit waits for more writes: turns of the event loop, and milliseconds. Sixteen turns of an idle loop take some
 * microseconds. Under load each turn reads more requests, and their writes share the commit.
 */
const MAX_TURNS = 16;
const MAX_WAIT_MS = 2;

interface QueuedWrite {
  readonly write: Write;
  /** As `lockedRowOf` names it. */
  readonly row: string;
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
 * share the next one. So do those that arrive within a few turns of the event loop, which don't delay a single write.
 *
 * A write waits in the queue while an earlier one of the same row is being committed, so that however many clients wait for a row,
 * they occupy one commit. Writes whose row another process has locked leave their commit and wait for the lock by themselves.
 */
export function createWriteQueue(store: Pick<ConnectionStore, 'write' | 'concurrentWrites'>): WriteQueue {
  let waiting: QueuedWrite[] = [];
  /** Writes of one row each, which another process has locked. */
  const locked: (readonly QueuedWrite[])[] = [];
  /** The rows of writes that have left `waiting` and have not ended. */
  const rowsInUse = new Set<string>();
  let runners = 0;
  let lockedRunners = 0;
  let drained: (() => void)[] = [];

  /** The oldest writes whose rows are not in use. */
  function take(): readonly QueuedWrite[] {
    const taken: QueuedWrite[] = [];
    const left: QueuedWrite[] = [];
    for (const queued of waiting) {
      (taken.length < MAX_PER_COMMIT && !rowsInUse.has(queued.row) ? taken : left).push(queued);
    }
    waiting = left;
    for (const { row } of taken) rowsInUse.add(row);
    return taken;
  }

  function start(): void {
    if (waiting.length > 0 && runners < store.concurrentWrites) void run();
    if (locked.length > 0 && lockedRunners < store.concurrentWrites) void runLocked();
  }

  function ended(): void {
    if (runners > 0 || lockedRunners > 0) return;
    for (const resolve of drained) resolve();
    drained = [];
  }

  async function run(): Promise<void> {
    runners += 1;
    for (;;) {
      await collectWrites(() => waiting.length < MAX_PER_COMMIT);
      const batch = take();
      // What waits now is started by the end of the commit that uses its row.
      if (batch.length === 0) break;
      const lockedWrites = await commit(store, batch);
      const lockedRows = new Set(lockedWrites.map(({ row }) => row));
      for (const { row } of batch) if (!lockedRows.has(row)) rowsInUse.delete(row);
      for (const row of lockedRows) locked.push(lockedWrites.filter((queued) => queued.row === row));
      start();
    }
    runners -= 1;
    ended();
  }

  async function runLocked(): Promise<void> {
    lockedRunners += 1;
    for (let writes = locked.shift(); writes; writes = locked.shift()) {
      for (const { reject } of await commit(store, writes)) {
        reject(new Error('the store did not run a write whose row was locked'));
      }
      for (const { row } of writes) rowsInUse.delete(row);
      start();
    }
    lockedRunners -= 1;
    ended();
  }

  return {
    put: (write) =>
      new Promise((resolve, reject) => {
        const row = lockedRowOf(write);
        waiting.push({ write, row, since: performance.now(), resolve, reject });
        if (!rowsInUse.has(row)) start();
      }),
    drained: () =>
      new Promise((resolve) => {
        if (runners === 0 && lockedRunners === 0) resolve();
        else drained.push(resolve);
      }),
  };
}

/** Waits for a turn of the event loop, and for more while a commit has room. */
async function collectWrites(hasRoom: () => boolean): Promise<void> {
  const until = performance.now() + MAX_WAIT_MS;
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!hasRoom() || performance.now() > until) return;
  }
}

/** @returns the writes whose rows another process has locked; the others have ended */
async function commit(
  store: Pick<ConnectionStore, 'write'>,
  batch: readonly QueuedWrite[],
): Promise<readonly QueuedWrite[]> {
  let results: readonly WriteResult[];
  try {
    results = await store.write(
      batch.map(({ write }) => write),
      // Time in the queue counts, so that writes queued behind a locked database don't each wait for the full timeout.
      performance.now() - (batch[0]?.since ?? performance.now()),
    );
  } catch (failure) {
    for (const { reject } of batch) reject(failure);
    return [];
  }
  return batch.filter(({ resolve, reject }, index) => {
    const result = results[index];
    if (result === undefined)
      reject(
        new Error(`the store returned ${String(results.length)} results for ${String(batch.length)} writes`),
      );
    else if ('locked' in result) return true;
    else if ('failure' in result) reject(result.failure);
    else resolve(result.connection);
    return false;
  });
}
