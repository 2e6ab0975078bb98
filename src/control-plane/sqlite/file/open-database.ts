import { realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import BetterSqlite3 from 'better-sqlite3';

import {
  checkIntegrity,
  damageInNewFile,
  readSchemaVersion,
  checkHeader,
  checkLocation,
  markAsOurs,
} from './inspect-database';
import { pin } from '../pin-native';
import { isWalDamaged } from './wal-check';
import { MIGRATIONS } from '../migrations';
import { createDatabaseFile, removeStaleFiles } from './create-database';
import { makeFolder } from './durable-files';
import { StoreOpenError } from '../../store-errors';
import { explainOpenFailure, START_LOCK_TIMEOUT_MS, isBusy, sqliteCodeOf } from '../errors';

export interface OpenOptions {
  /** Receives the text of every statement that runs. */
  readonly trace?: ((statement: string) => void) | undefined;
  /** Opens a file that this process serves from: it must exist, and locks are not waited for. */
  readonly reopening?: boolean;
  /** Whether to read the whole file first, to find damage. By default files up to CHECKED_AT_START_BYTES are read. */
  readonly fullCheck?: boolean;
  /** Whether to look for a damaged log first (wal-check.ts); true by default. */
  readonly walCheck?: boolean | undefined;
}

/**
 * The pages of the log at which a commit moves them into the database. SQLite's 1,000 cost a tenth more CPU per write; 10,000 make that
 * commit block the event loop for more than 50 ms.
 */
const LOG_PAGES = 4_000;
/** What is left of a log that a long read or an import has made larger, in bytes. */
const LOG_BYTES_KEPT = 32 * 1024 * 1024;

/**
 * SQLite's own cache of pages, in KiB: SQLite's default. better-sqlite3's 16,000 are no faster, with a million rows either: the rows
 * that are read often are in the row cache, and the operating system has the file in memory.
 */
const PAGE_CACHE_KIB = 2_000;

/** 100,000 connections are 110 MB, which take 0.2 seconds to check. In a larger file, damage is found when a query meets it. */
const CHECKED_AT_START_BYTES = 512 * 1024 * 1024;

/**
 * Opens a database file and runs the missing migrations. Creates the file and its folder when they don't exist. A file that can't
 * be used is not changed: it is only read until it has been checked.
 * @param location a path, or `:memory:`
 * @throws StoreOpenError
 */
export function openDatabase(
  location: string,
  { trace, reopening = false, fullCheck, walCheck = true }: OpenOptions = {},
): BetterSqlite3.Database {
  const timeout = reopening ? 0 : START_LOCK_TIMEOUT_MS;
  let database: BetterSqlite3.Database | undefined;
  try {
    const isFile = location !== ':memory:';
    if (isFile) {
      if (checkLocation(location) === 'missing') {
        if (reopening) throw new StoreOpenError(`${location} is gone. Put it back.`);
        makeFolder(dirname(location));
        createDatabaseFile(location, makeDatabase);
      }
      if (!reopening) {
        // Not when reopening: then this process has the log open.
        if (walCheck) refuseDamagedLog(location);
        rollBackHotJournal(location, timeout);
      }
      checkFile(location, timeout, fullCheck ?? statSync(location).size <= CHECKED_AT_START_BYTES);
      if (!reopening) removeStaleFiles(location);
    }
    database = pin(
      new BetterSqlite3(location, {
        timeout,
        fileMustExist: isFile,
        ...(trace && { verbose: asVerbose(trace) }),
      }),
    );
    setUp(database, location);
    // From here on transactions.ts waits for locks, without blocking the event loop.
    database.exec('PRAGMA busy_timeout = 0');
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof StoreOpenError
      ? error
      : new StoreOpenError(explainOpenFailure(error, location), { cause: error });
  }
}

function refuseDamagedLog(location: string): void {
  const log = `${realpathSync(location)}-wal`;
  if (!isWalDamaged(log)) return;
  throw new StoreOpenError(
    `${log}, the log of ${location}, is damaged: what was written last can't be read. Restore both from a backup. Without one, copy both aside, then keep what was written before the damage by sqlite3 "${location}" 'PRAGMA wal_checkpoint(TRUNCATE); PRAGMA integrity_check', and go on with that if it ends with ok. Don't take the log away: parts of what it holds may stand in the file already. Both are left as they are.`,
  );
}

function asVerbose(trace: (statement: string) => void): (statement: unknown) => void {
  return (statement) => {
    trace(String(statement));
  };
}

/**
 * Lets SQLite roll back a hot journal: a crash has left a transaction half written in a file without a log, such as a copy. A
 * read-only connection can't do that, so the file's header is checked first.
 */
function rollBackHotJournal(location: string, timeout: number): void {
  if (!hasHotJournal(location, timeout)) return;
  checkHeader(location);
  const database = pin(new BetterSqlite3(location, { fileMustExist: true, timeout }));
  try {
    readHeader(database);
  } finally {
    database.close();
  }
}

function hasHotJournal(location: string, timeout: number): boolean {
  const database = pin(new BetterSqlite3(location, { readonly: true, fileMustExist: true, timeout }));
  try {
    readHeader(database);
    return false;
  } catch (error) {
    // The lock has been waited for once, which is enough. Other errors occur again in checkFile, which reports them.
    if (isBusy(error)) throw error;
    return sqliteCodeOf(error) === 'SQLITE_READONLY_ROLLBACK';
  } finally {
    database.close();
  }
}

function readHeader(database: BetterSqlite3.Database): void {
  pin(database.prepare('PRAGMA user_version').pluck(true)).get();
}

/** Through a read-only connection: closing another one would move the log into the file. */
function checkFile(location: string, timeout: number, fullCheck: boolean): void {
  const database = pin(new BetterSqlite3(location, { readonly: true, fileMustExist: true, timeout }));
  try {
    readSchemaVersion(database, location);
    if (fullCheck) checkIntegrity(database, location);
  } finally {
    database.close();
  }
}

function makeDatabase(path: string): void {
  const database = pin(new BetterSqlite3(path));
  try {
    setUp(database, path);
    // Closing the database does the same, but does not report a full disk.
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
  const damage = damageInNewFile(path);
  if (damage !== undefined) {
    throw new StoreOpenError(
      `A new database can't be made in the folder ${dirname(resolve(path))}: what was written there is not whole (${damage}), so perhaps there is no space left on device. Make some, or see to the disk, or set DATABASE_URL to another file.`,
    );
  }
}

function setUp(database: BetterSqlite3.Database, location: string): void {
  const version = readSchemaVersion(database, location);
  // Acknowledged writes survive a loss of power: every commit waits until the log is on the disk.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec(
    `PRAGMA wal_autocheckpoint = ${String(LOG_PAGES)}; PRAGMA journal_size_limit = ${String(LOG_BYTES_KEPT)}`,
  );
  // cell_size_check reports damaged pages early.
  database.exec('PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON');
  // A file that needs no migration is not locked, so opening it does not wait for writers.
  if (version < MIGRATIONS.length) migrate(database, location);
  // After the migrations, because SQLite sorts in as much memory as the cache may take.
  database.exec(`PRAGMA cache_size = -${String(PAGE_CACHE_KIB)}`);
}

/** Runs the missing migrations in one transaction, under the write lock: two processes that start together run them once. */
function migrate(database: BetterSqlite3.Database, location: string): void {
  database
    .transaction(() => {
      const version = readSchemaVersion(database, location);
      if (version === MIGRATIONS.length) return;
      for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
      markAsOurs(database);
    })
    .immediate();
}
