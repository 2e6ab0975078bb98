import type BetterSqlite3 from 'better-sqlite3';

import type { AccessKeyStore } from '../access-keys/access-key-store';
import type { ExportStore, Write, WriteAnswer } from '../store';
import type { ImportStore } from '../import/import-store';
import { accessKeysOn } from './queries/access-keys';
import { filesAt, NO_FILES, type DatabaseFiles } from './file/file-identity';
import { exportsOn } from './queries/exports';
import { importsOn } from './import/imports';
import { keep } from './pin-native';
import { MIGRATIONS } from './migrations';
import { openDatabase, type OpenOptions } from './file/open-database';
import { readsOf, type StoreReads } from './queries/reads';
import { statementsOn } from './statements';
import { isStoreFailure, StoreError } from './errors';
import { transactionsOn } from './transactions';
import { writerOn } from './queries/writes';

/** One opening of the file, and all that was made on it. It never comes back once it is closed: a new one takes its place. */
export interface Opening {
  readonly files: DatabaseFiles;
  readonly reads: StoreReads;
  readonly write: (writes: readonly Write[], waitedMs: number) => Promise<readonly WriteAnswer[]>;
  readonly accessKeys: AccessKeyStore;
  readonly imports: ImportStore;
  readonly exports: ExportStore;
  /** @throws what SQLite reports, or StoreError, unless a row can be read and the schema is the one of this version */
  readonly tryReading: () => void;
  /** Commits something that changes nothing, as the disk sees it. @throws like tryReading, `SQLITE_BUSY` without waiting */
  readonly tryCommitting: () => void;
  /** Moves everything from the log into the database. @throws StoreError when that can't be done in full */
  readonly saveLog: () => void;
  readonly isOpen: () => boolean;
  readonly close: () => void;
}

/** @throws StoreOpenError when the file can't serve as a store */
export function openOnce(location: string, lockTimeoutMs: number, options: OpenOptions): Opening {
  const database = openDatabase(location, options);
  const statements = statementsOn(database);
  const version = keep(database.prepare('PRAGMA user_version').pluck(true));
  const anyRow = keep(database.prepare('SELECT id FROM connections LIMIT 1'));
  const sameVersion = keep(database.prepare(`PRAGMA user_version = ${String(MIGRATIONS.length)}`));
  // What has just become a database with a log begins it with the first read.
  anyRow.get();
  const files = location === ':memory:' ? NO_FILES : filesAt(location);
  const checkpoint = keep(database.prepare<[], { readonly busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)'));

  function checkVersion(): void {
    if (version.get() !== MIGRATIONS.length) throw new StoreError('newer');
  }

  function saveLog(): void {
    if (checkpoint.get()?.busy !== 0) throw new StoreError('log lost');
  }

  const transactions = transactionsOn(database, lockTimeoutMs, {
    beforeBegin() {
      if (!database.open) throw new StoreError('closed');
      refuseUnsound(files);
    },
    afterBegin: checkVersion,
    afterCommit() {
      // What is committed into a file that nobody will find again must not be acknowledged.
      if (files.look() === 'log gone') saveLog();
      else refuseUnsound(files);
    },
  });
  const apply = oneByOne(database, writerOn(database, statements));

  return {
    files,
    reads: readsOf(database, statements),
    write: (writes, waitedMs) => transactions.run(() => writes.map(apply), waitedMs),
    accessKeys: accessKeysOn(statements, transactions),
    imports: importsOn(database, transactions),
    exports: exportsOn(database),
    tryReading() {
      checkVersion();
      anyRow.get();
    },
    tryCommitting() {
      transactions.runNow(() => sameVersion.run());
    },
    saveLog,
    isOpen: () => database.open,
    close() {
      database.close();
    },
  };
}

const UNSOUND = {
  gone: 'gone',
  replaced: 'replaced',
  'log gone': 'log lost',
  'log replaced': 'log lost',
} as const;

function refuseUnsound(files: DatabaseFiles): void {
  const state = files.look();
  if (state !== 'sound') throw new StoreError(UNSOUND[state]);
}

/** Each write in its own savepoint: when it fails, it leaves nothing behind and the others go on. */
function oneByOne(
  database: BetterSqlite3.Database,
  apply: (write: Write) => WriteAnswer,
): (write: Write) => WriteAnswer {
  const savepoint = keep(database.prepare('SAVEPOINT one_write'));
  const release = keep(database.prepare('RELEASE one_write'));
  const rollbackToSavepoint = keep(database.prepare('ROLLBACK TO one_write'));
  return (write) => {
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
  };
}
