import { setTimeout as delay } from 'node:timers/promises';

import type BetterSqlite3 from 'better-sqlite3';

import { pin } from './pin-native';
import { writeFailure } from '../store-errors';
import { isBusy, isStoreFailure } from './errors';

/** How long writes wait by default while another process holds the write lock, in milliseconds. */
export const DEFAULT_LOCK_TIMEOUT_MS = 5_000;
const LOCK_POLL_MS = 10;

export interface Transactions {
  /**
   * Runs synchronous work in one durable transaction. It waits for the write lock first, without blocking the event loop.
   * @param waitedMs how long the work has already waited; it counts towards the lock timeout
   * @throws ProtonFailure `UNAVAILABLE` when the database can't commit; nothing was acknowledged
   */
  readonly run: <Result>(work: () => Result, waitedMs?: number) => Promise<Result>;
  /**
   * The same, without waiting.
   * @throws SQLite's error, `SQLITE_BUSY` when another process holds the lock
   */
  readonly runNow: <Result>(work: () => Result) => Result;
}

/** Checks around every transaction. Each throws SqliteStoreError when the transaction must not go on or must not be acknowledged. */
export interface TransactionGuard {
  readonly beforeBegin: () => void;
  /** Runs under the write lock. */
  readonly afterBegin: () => void;
  readonly afterCommit: () => void;
}

export function transactionsOn(
  database: BetterSqlite3.Database,
  lockTimeoutMs: number,
  guard: TransactionGuard,
): Transactions {
  const begin = pin(database.prepare('BEGIN IMMEDIATE'));
  const commit = pin(database.prepare('COMMIT'));
  const rollback = pin(database.prepare('ROLLBACK'));

  /** Synchronous from BEGIN to COMMIT, so no other work on this connection can come between. */
  function tryNow<Result>(work: () => Result): { readonly result: Result } | { readonly busy: unknown } {
    guard.beforeBegin();
    try {
      begin.run();
    } catch (error) {
      if (isBusy(error)) return { busy: error };
      throw error;
    }
    let result: Result;
    try {
      guard.afterBegin();
      result = work();
      commit.run();
    } catch (error) {
      // After some errors SQLite has rolled back by itself.
      if (database.inTransaction) rollback.run();
      throw error;
    }
    guard.afterCommit();
    return { result };
  }

  return {
    async run(work, waitedMs = 0) {
      const deadline = Date.now() + lockTimeoutMs - waitedMs;
      try {
        for (;;) {
          const tried = tryNow(work);
          if ('result' in tried) return tried.result;
          if (Date.now() >= deadline) throw tried.busy;
          await delay(LOCK_POLL_MS);
        }
      } catch (error) {
        throw isStoreFailure(error) ? writeFailure(error) : error;
      }
    },
    runNow(work) {
      const tried = tryNow(work);
      if ('busy' in tried) throw tried.busy;
      return tried.result;
    },
  };
}
