import { setTimeout as delay } from 'node:timers/promises';

import type BetterSqlite3 from 'better-sqlite3';

import { keep } from './pin-native';
import { isBusy, isStoreFailure, writeFailure } from './errors';

/** How long writes wait for another process that holds the write lock, in milliseconds, unless told otherwise. */
export const DEFAULT_LOCK_TIMEOUT_MS = 5_000;
const LOCK_POLL_MS = 10;

export interface Transactions {
  /**
   * Carries out work that never waits, in one durable transaction. It waits for the write lock first, without keeping the event
   * loop from its other work.
   * @param waitedMs for how long it has waited already, which counts
   * @throws ProtonFailure `UNAVAILABLE` when the database can't take it; nothing was acknowledged then
   */
  readonly run: <Result>(work: () => Result, waitedMs?: number) => Promise<Result>;
  /**
   * The same, without waiting.
   * @throws what SQLite reports, `SQLITE_BUSY` when another process holds the lock
   */
  readonly runNow: <Result>(work: () => Result) => Result;
}

/** Stands at the door of every transaction. Each throws StoreError where nothing may be written, or believed to be. */
export interface TransactionGuard {
  readonly beforeBegin: () => void;
  /** Under the write lock. */
  readonly afterBegin: () => void;
  readonly afterCommit: () => void;
}

export function transactionsOn(
  database: BetterSqlite3.Database,
  lockTimeoutMs: number,
  guard: TransactionGuard,
): Transactions {
  const begin = keep(database.prepare('BEGIN IMMEDIATE'));
  const commit = keep(database.prepare('COMMIT'));
  const rollback = keep(database.prepare('ROLLBACK'));

  /** Nothing waits between the beginning and the end, so nothing else can run on this connection meanwhile. */
  function tryNow<Result>(work: () => Result): { readonly result: Result } | { readonly lockedOut: unknown } {
    guard.beforeBegin();
    try {
      begin.run();
    } catch (error) {
      if (isBusy(error)) return { lockedOut: error };
      throw error;
    }
    let result: Result;
    try {
      guard.afterBegin();
      result = work();
      commit.run();
    } catch (error) {
      // SQLite ends a transaction by itself when it can't go on.
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
          if (Date.now() >= deadline) throw tried.lockedOut;
          await delay(LOCK_POLL_MS);
        }
      } catch (error) {
        throw isStoreFailure(error) ? writeFailure(error) : error;
      }
    },
    runNow(work) {
      const tried = tryNow(work);
      if ('lockedOut' in tried) throw tried.lockedOut;
      return tried.result;
    },
  };
}
