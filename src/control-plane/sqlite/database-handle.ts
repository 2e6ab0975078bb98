import type BetterSqlite3 from 'better-sqlite3';

import type { AccessKeyStore } from '../access-keys/access-keys';
import type { ImportStore } from '../import/import-store';
import type { ExportStore, Write, WriteResult } from '../store';
import { isStoreFailure, SqliteStoreError } from './errors';
import { filesAt, NO_FILES, type DatabaseFiles } from './file/file-identity';
import { openDatabase, type OpenOptions } from './file/open-database';
import { importsOn } from './import/imports';
import { MIGRATIONS } from './migrations';
import { pin } from './pin-native';
import { accessKeysOn } from './queries/access-keys';
import { feedOn, type SqliteFeed } from './queries/feed';
import { outboundOn, type SqliteOutbound } from './queries/outbound';
import { exportsOn, readsOf, type StoreReads } from './queries/reads';
import { rowCacheOn } from './queries/row-cache';
import { writerOn } from './queries/writes';
import { transactionsOn, type Transactions } from './transactions';

/** One open connection to the file, with its prepared statements. Once closed it stays closed: a new handle replaces it. */
export interface DatabaseHandle {
  readonly files: DatabaseFiles;
  readonly reads: StoreReads;
  readonly write: (writes: readonly Write[], waitedMs: number) => Promise<readonly WriteResult[]>;
  readonly accessKeys: AccessKeyStore;
  readonly imports: ImportStore;
  readonly exports: ExportStore;
  readonly feed: SqliteFeed;
  readonly outbound: SqliteOutbound;
  /** A number that changes when another connection commits, also one of another process. */
  readonly dataVersion: () => number;
  /** @throws SQLite's error, or SqliteStoreError, unless a row can be read and the schema is this version's */
  readonly tryReading: () => void;
  /** Commits a transaction that changes no content but writes to the disk. @throws like tryReading; `SQLITE_BUSY` without waiting */
  readonly tryCommitting: () => void;
  /** Moves the whole log into the database. @throws SqliteStoreError when that can't be done in full */
  readonly saveLog: () => void;
  readonly isOpen: () => boolean;
  readonly close: () => void;
}

export interface HandleOptions extends OpenOptions {
  /** Called after each commit of this handle. */
  readonly committed?: (() => void) | undefined;
}

/** @throws StoreOpenError when the file can't be used as a store */
export function openHandle(location: string, lockTimeoutMs: number, options: HandleOptions): DatabaseHandle {
  const database = openDatabase(location, options);
  const version = pin(database.prepare('PRAGMA user_version').pluck(true));
  const dataVersion = pin(database.prepare<[], number>('PRAGMA data_version').pluck(true));
  const anyRow = pin(database.prepare('SELECT id FROM connections LIMIT 1'));
  const setSameVersion = pin(database.prepare(`PRAGMA user_version = ${String(MIGRATIONS.length)}`));
  // SQLite creates the log at the first read, and filesAt needs it.
  anyRow.get();
  const files = location === ':memory:' ? NO_FILES : filesAt(location);
  const checkpoint = pin(database.prepare<[], { readonly busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)'));

  function checkVersion(): void {
    if (version.get() !== MIGRATIONS.length) throw new SqliteStoreError('newer');
  }

  function saveLog(): void {
    if (checkpoint.get()?.busy !== 0) throw new SqliteStoreError('log lost');
  }

  const transactions = transactionsOn(database, lockTimeoutMs, {
    beforeBegin() {
      if (!database.open) throw new SqliteStoreError('closed');
      refuseChangedFiles(files);
    },
    afterBegin: checkVersion,
    afterCommit() {
      // A commit into a file that has lost its name must not be acknowledged: no later process would find it.
      if (files.state() === 'log gone') saveLog();
      else refuseChangedFiles(files);
      options.committed?.();
    },
  });
  const rows = rowCacheOn(database);

  return {
    files,
    reads: readsOf(database, rows),
    write: groupedWrites(database, transactions, writerOn(database, rows.forget)),
    accessKeys: accessKeysOn(database, transactions),
    imports: importsOn(database, {
      run: (work, waitedMs) =>
        transactions.run(() => {
          rows.forgetAll();
          return work();
        }, waitedMs),
    }),
    exports: exportsOn(database),
    feed: feedOn(database),
    outbound: outboundOn(database, transactions),
    dataVersion: () => dataVersion.get() ?? 0,
    tryReading() {
      checkVersion();
      anyRow.get();
    },
    tryCommitting() {
      transactions.runNow(() => setSameVersion.run());
    },
    saveLog,
    isOpen: () => database.open,
    close() {
      database.close();
    },
  };
}

const ERROR_OF_STATE = {
  gone: 'gone',
  replaced: 'replaced',
  'log gone': 'log lost',
  'log replaced': 'log lost',
} as const;

function refuseChangedFiles(files: DatabaseFiles): void {
  const state = files.state();
  if (state !== 'unchanged') throw new SqliteStoreError(ERROR_OF_STATE[state]);
}

/** A write of a group has failed, and not the store. */
class FailedWriteError extends Error {
  override readonly name = 'FailedWriteError';
}

/**
 * Runs writes in one transaction. A write that fails changes nothing, and the others go on: the transaction is then repeated with a
 * savepoint for each write. Savepoints are not used at first, because for each of them SQLite copies every page that changes, about 30
 * for a new connection.
 */
function groupedWrites(
  database: BetterSqlite3.Database,
  transactions: Transactions,
  apply: (write: Write) => WriteResult,
): DatabaseHandle['write'] {
  const inSavepoint = savepointsOn(database, apply);

  function applyOrThrow(write: Write): WriteResult {
    try {
      return apply(write);
    } catch (error) {
      throw isStoreFailure(error) ? error : new FailedWriteError('a write has failed', { cause: error });
    }
  }

  return async (writes, waitedMs) => {
    const startedAt = performance.now();
    try {
      return await transactions.run(() => writes.map(applyOrThrow), waitedMs);
    } catch (error) {
      if (!(error instanceof FailedWriteError)) throw error;
      return transactions.run(() => writes.map(inSavepoint), waitedMs + performance.now() - startedAt);
    }
  };
}

/** Runs each write in a savepoint of its own. */
function savepointsOn(
  database: BetterSqlite3.Database,
  apply: (write: Write) => WriteResult,
): (write: Write) => WriteResult {
  const savepoint = pin(database.prepare('SAVEPOINT one_write'));
  const release = pin(database.prepare('RELEASE one_write'));
  const rollbackToSavepoint = pin(database.prepare('ROLLBACK TO one_write'));
  return (write) => {
    savepoint.run();
    try {
      const result = apply(write);
      release.run();
      return result;
    } catch (error) {
      // After some errors SQLite has rolled back the whole transaction, and the savepoint is gone.
      if (isStoreFailure(error) || !database.inTransaction) throw error;
      rollbackToSavepoint.run();
      release.run();
      return { failure: error };
    }
  };
}
