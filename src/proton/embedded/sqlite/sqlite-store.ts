import { setTimeout as delay } from 'node:timers/promises';

import BetterSqlite3 from 'better-sqlite3';

import { ProtonFailure } from '../../failure';
import type { ConnectionStore, Write, WriteAnswer } from '../store';
import { openDatabase } from './open-database';
import { readsOf } from './reads';
import { statementsOn } from './statements';
import { writerOn } from './writes';

export interface SqliteStoreOptions {
  /** A path, or `:memory:`. */
  readonly location: string;
  /** Is told the text of every statement that runs. */
  readonly trace?: ((statement: string) => void) | undefined;
}

/** How long writes wait for another process that holds the write lock. */
const WRITE_LOCK_TIMEOUT_MS = 5_000;
const WRITE_LOCK_POLL_MS = 10;

/** Failures of a statement that say something about the store and not about the write: the whole commit falls with them. */
const STORE_FAILURE = /^SQLITE_(FULL|IOERR|READONLY|CORRUPT|NOTADB|NOMEM|CANTOPEN|BUSY|LOCKED)/;

/**
 * A store in one SQLite file.
 * @throws StoreOpenError when the file can't serve as one
 */
export function openSqliteStore({ location, trace }: SqliteStoreOptions): ConnectionStore {
  const database = openDatabase(location, trace);
  const statements = statementsOn(database);
  const apply = writerOn(database, statements);
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const rollback = database.prepare('ROLLBACK');
  const savepoint = database.prepare('SAVEPOINT one_write');
  const release = database.prepare('RELEASE one_write');
  const rollbackToSavepoint = database.prepare('ROLLBACK TO one_write');

  /** Waits for the write lock without keeping the event loop from its other work. */
  async function beginWrite(): Promise<void> {
    const deadline = Date.now() + WRITE_LOCK_TIMEOUT_MS;
    for (;;) {
      try {
        begin.run();
        return;
      } catch (error) {
        if (!isSqliteError(error, /^SQLITE_BUSY/) || Date.now() >= deadline) throw error;
      }
      await delay(WRITE_LOCK_POLL_MS);
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
      if (isSqliteError(error, STORE_FAILURE) || !(error instanceof Error)) throw error;
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
      throw isSqliteError(error, STORE_FAILURE)
        ? ProtonFailure.unavailable(
            "The store can't take writes at the moment. Nothing was changed; try again later.",
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

function isSqliteError(error: unknown, code: RegExp): boolean {
  return error instanceof BetterSqlite3.SqliteError && code.test(error.code);
}
