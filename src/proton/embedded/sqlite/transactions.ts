import { setTimeout as delay } from 'node:timers/promises';

import type BetterSqlite3 from 'better-sqlite3';

import { ProtonFailure } from '../../failure';
import { keep } from './keep';
import { isBusy, isStoreFailure } from './sqlite-error';

/** How long writes wait for another process that holds the write lock, in milliseconds, unless told otherwise. */
export const DEFAULT_LOCK_TIMEOUT_MS = 5_000;
const LOCK_POLL_MS = 10;

export interface Transactions {
  /**
   * Carries out work that never waits, in one durable transaction. It waits for the write lock first, without keeping the event
   * loop from its other work.
   * @throws ProtonFailure `UNAVAILABLE` when the database can't take it; nothing has changed then, nor when the work throws
   */
  readonly run: <Result>(work: () => Result) => Promise<Result>;
}

export function transactionsOn(database: BetterSqlite3.Database, lockTimeoutMs: number): Transactions {
  const begin = keep(database.prepare('BEGIN IMMEDIATE'));
  const commit = keep(database.prepare('COMMIT'));
  const rollback = keep(database.prepare('ROLLBACK'));

  /** Nothing waits between the beginning and the end, so nothing else can run on this connection meanwhile. */
  function tryNow<Result>(work: () => Result): { readonly result: Result } | { readonly lockedOut: unknown } {
    try {
      begin.run();
    } catch (error) {
      if (isBusy(error)) return { lockedOut: error };
      throw error;
    }
    try {
      const result = work();
      commit.run();
      return { result };
    } catch (error) {
      // SQLite ends a transaction by itself when it can't go on.
      if (database.inTransaction) rollback.run();
      throw error;
    }
  }

  return {
    async run(work) {
      const deadline = Date.now() + lockTimeoutMs;
      try {
        for (;;) {
          const tried = tryNow(work);
          if ('result' in tried) return tried.result;
          if (Date.now() >= deadline) throw tried.lockedOut;
          await delay(LOCK_POLL_MS);
        }
      } catch (error) {
        throw isStoreFailure(error)
          ? ProtonFailure.unavailable(
              "The store can't take writes at the moment, and has not acknowledged this one. Try again later.",
              error,
            )
          : error;
      }
    },
  };
}
