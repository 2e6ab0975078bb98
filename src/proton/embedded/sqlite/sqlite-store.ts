import type { AccessKeyStore } from '../access-key-store';
import type { ExportStore } from '../export-store';
import type { ImportStore } from '../import-store';
import type { ConnectionStore, Write, WriteAnswer } from '../store';
import { accessKeysOn } from './access-keys';
import { exportsOn } from './exports';
import { importsOn } from './imports';
import { keep } from './keep';
import { openDatabase } from './open-database';
import { readsOf } from './reads';
import { isStoreFailure } from './sqlite-error';
import { statementsOn } from './statements';
import { DEFAULT_LOCK_TIMEOUT_MS, transactionsOn } from './transactions';
import { writerOn } from './writes';

export interface SqliteStoreOptions {
  /** A path, or `:memory:`. */
  readonly location: string;
  /** Is told the text of every statement that runs. */
  readonly trace?: ((statement: string) => void) | undefined;
  /** How long writes wait for another process that holds the write lock, in milliseconds; 5,000 unless told otherwise. */
  readonly lockTimeoutMs?: number | undefined;
}

export interface SqliteStore extends ConnectionStore {
  readonly accessKeys: AccessKeyStore;
  readonly imports: ImportStore;
  readonly exports: ExportStore;
}

/**
 * A store in one SQLite file.
 * @throws StoreOpenError when the file can't serve as one
 */
export function openSqliteStore({
  location,
  trace,
  lockTimeoutMs = DEFAULT_LOCK_TIMEOUT_MS,
}: SqliteStoreOptions): SqliteStore {
  const database = openDatabase(location, trace);
  const statements = statementsOn(database);
  const transactions = transactionsOn(database, lockTimeoutMs);
  const apply = writerOn(database, statements);
  const savepoint = keep(database.prepare('SAVEPOINT one_write'));
  const release = keep(database.prepare('RELEASE one_write'));
  const rollbackToSavepoint = keep(database.prepare('ROLLBACK TO one_write'));

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

  return {
    ...readsOf(database, statements),
    write: (writes) => transactions.run(() => writes.map(applyOne)),
    accessKeys: accessKeysOn(statements, transactions),
    imports: importsOn(database, transactions),
    exports: exportsOn(database),
    close() {
      database.close();
      return Promise.resolve();
    },
  };
}
