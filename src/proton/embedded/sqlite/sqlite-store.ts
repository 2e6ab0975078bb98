import { setTimeout as delay } from 'node:timers/promises';

import { ProtonFailure } from '../../failure';
import type { ConnectionStore, Write, WriteAnswer } from '../store';
import { keep } from './keep';
import { openDatabase } from './open-database';
import { readsOf } from './reads';
import { isBusy, isStoreFailure } from './sqlite-error';
import { statementsOn } from './statements';
import { writerOn } from './writes';

export interface SqliteStoreOptions {
  /** A path, or `:memory:`. */
  readonly location: string;
  /** Is told the text of every statement that runs. */
  readonly trace?: ((statement: string) => void) | undefined;
  /** How long writes wait for another process that holds the write lock, in milliseconds; 5,000 unless told otherwise. */
  readonly lockTimeoutMs?: number | undefined;
}

const DEFAULT_LOCK_TIMEOUT_MS = 5_000;
const LOCK_POLL_MS = 10;

/**
 * A store in one SQLite file.
 * @throws StoreOpenError when the file can't serve as one
 */
export function openSqliteStore({
  location,
  trace,
  lockTimeoutMs = DEFAULT_LOCK_TIMEOUT_MS,
}: SqliteStoreOptions): ConnectionStore {
  const database = openDatabase(location, trace);
  const statements = statementsOn(database);
  const apply = writerOn(database, statements);
  const begin = keep(database.prepare('BEGIN IMMEDIATE'));
  const commit = keep(database.prepare('COMMIT'));
  const rollback = keep(database.prepare('ROLLBACK'));
  const savepoint = keep(database.prepare('SAVEPOINT one_write'));
  const release = keep(database.prepare('RELEASE one_write'));
  const rollbackToSavepoint = keep(database.prepare('ROLLBACK TO one_write'));

  /** Waits for the write lock without keeping the event loop from its other work. */
  async function beginWrite(): Promise<void> {
    const deadline = Date.now() + lockTimeoutMs;
    for (;;) {
      try {
        begin.run();
        return;
      } catch (error) {
        if (!isBusy(error) || Date.now() >= deadline) throw error;
      }
      await delay(LOCK_POLL_MS);
    }
  }

  /** One write in its own savepoint: when it fails, it leaves nothing behind and the others go on. */
  function applyOne(write: Write): WriteAnswer {
    savepoint.run();
    try {
      const answer = apply(write);
      release.run();
      return answer;
    } catch (error) {
      // SQLite ends a transaction by itself when it can't go on; there is no savepoint then to go back to.
      if (isStoreFailure(error) || !database.inTransaction) throw error;
      rollbackToSavepoint.run();
      release.run();
      return { failure: error };
    }
  }

  async function write(writes: readonly Write[]): Promise<readonly WriteAnswer[]> {
    try {
      await beginWrite();
      // From here to the end of the transaction nothing waits, so nothing else can run on this connection.
      const answers = writes.map(applyOne);
      commit.run();
      return answers;
    } catch (error) {
      if (database.inTransaction) rollback.run();
      throw isStoreFailure(error)
        ? ProtonFailure.unavailable(
            "The store can't take writes at the moment, and has not acknowledged this one. Try again later.",
            error,
          )
        : error;
    }
  }

  return {
    ...readsOf(database, statements),
    write,
    close() {
      database.close();
      return Promise.resolve();
    },
  };
}
