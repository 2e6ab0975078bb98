import { realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import BetterSqlite3 from 'better-sqlite3';

import {
  checkSoundness,
  damageInNewFile,
  judge,
  judgeHeader,
  lookAtPlace,
  markAsOurs,
} from './inspect-database';
import { keep } from '../pin-native';
import { isLogDamaged } from './wal-check';
import { MIGRATIONS } from '../migrations';
import { putNewDatabase, removeStaleFiles } from './create-database';
import { makeFolder } from './durable-files';
import { explainOpenFailure, START_LOCK_TIMEOUT_MS, StoreOpenError, isBusy, sqliteCodeOf } from '../errors';

export interface OpenOptions {
  /** Is told the text of every statement that runs. */
  readonly trace?: ((statement: string) => void) | undefined;
  /** While it is being served from: the file must be there, and nobody waits for a lock. */
  readonly again?: boolean;
  /** Whether all of it is read first, to find damage; unless told, a file is that can be read within a second or so. */
  readonly thorough?: boolean;
}

/** A file of 100,000 connections has 110 MB, which take 0.2 seconds to check; above this, damage is found when it is met. */
const CHECKED_AT_START_BYTES = 512 * 1024 * 1024;

/**
 * Opens a database file, making it and its folder when there is none, and brings it up to this version. A file that can't serve
 * stays as it is, byte for byte: it is only read until it is known to be ours and sound.
 * @param location a path, or `:memory:`
 * @throws StoreOpenError
 */
export function openDatabase(
  location: string,
  { trace, again = false, thorough }: OpenOptions = {},
): BetterSqlite3.Database {
  const timeout = again ? 0 : START_LOCK_TIMEOUT_MS;
  let database: BetterSqlite3.Database | undefined;
  try {
    const inFile = location !== ':memory:';
    if (inFile) {
      if (lookAtPlace(location) === 'nothing') {
        if (again) throw new StoreOpenError(`${location} is gone. Put it back.`);
        makeFolder(dirname(location));
        putNewDatabase(location, makeDatabase);
      }
      if (!again) {
        // A store that is being served from has its log open, and knows better.
        refuseDamagedLog(location);
        takeBackHalfWrite(location, timeout);
      }
      inspect(location, timeout, thorough ?? statSync(location).size <= CHECKED_AT_START_BYTES);
      if (!again) removeStaleFiles(location);
    }
    database = keep(
      new BetterSqlite3(location, {
        timeout,
        fileMustExist: inFile,
        ...(trace && { verbose: telling(trace) }),
      }),
    );
    setUp(database, location);
    // From here on waiting for a lock is the writer's business, which does not hold up the event loop.
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
  if (!isLogDamaged(log)) return;
  throw new StoreOpenError(
    `${log}, the log of ${location}, is damaged: what was written last can't be read. Restore both from a backup. Without one, copy both aside, then keep what was written before the damage by sqlite3 "${location}" 'PRAGMA wal_checkpoint(TRUNCATE); PRAGMA integrity_check', and go on with that if it ends with ok. Don't take the log away: parts of what it holds may stand in the file already. Both are left as they are.`,
  );
}

function telling(trace: (statement: string) => void): (statement: unknown) => void {
  return (statement) => {
    trace(String(statement));
  };
}

/**
 * Has SQLite take back what a crash left half written in a file that has no log yet, such as a copy: what was there before stands
 * in a journal beside it, and who can only read can't put it back. It is done to our own files only.
 */
function takeBackHalfWrite(location: string, timeout: number): void {
  if (!isHalfWritten(location, timeout)) return;
  judgeHeader(location);
  const database = keep(new BetterSqlite3(location, { fileMustExist: true, timeout }));
  try {
    readVersion(database);
  } finally {
    database.close();
  }
}

function isHalfWritten(location: string, timeout: number): boolean {
  const database = keep(new BetterSqlite3(location, { readonly: true, fileMustExist: true, timeout }));
  try {
    readVersion(database);
    return false;
  } catch (error) {
    // Waited for once, and not again where it is looked at. Whatever else there is to say of the file is said there.
    if (isBusy(error)) throw error;
    return sqliteCodeOf(error) === 'SQLITE_READONLY_ROLLBACK';
  } finally {
    database.close();
  }
}

function readVersion(database: BetterSqlite3.Database): void {
  keep(database.prepare('PRAGMA user_version').pluck(true)).get();
}

/** Through a connection that can only read: one that can write would move the log into the file when it is closed. */
function inspect(location: string, timeout: number, thorough: boolean): void {
  const database = keep(new BetterSqlite3(location, { readonly: true, fileMustExist: true, timeout }));
  try {
    judge(database, location);
    if (thorough) checkSoundness(database, location);
  } finally {
    database.close();
  }
}

function makeDatabase(path: string): void {
  const database = keep(new BetterSqlite3(path));
  try {
    setUp(database, path);
    // Closing moves the log into the file as well, but does not report it when the disk is full.
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
  const version = judge(database, location);
  // What was acknowledged survives a loss of power: every commit waits until the log is on the disk.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  // A page that is damaged is told, rather than read as if it were sound.
  database.exec('PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON');
  // A file that needs no step is not locked: who only reads is not held up by who writes.
  if (version < MIGRATIONS.length) migrate(database, location);
}

/** Takes the missing steps in one transaction, under the write lock: two processes that start together take them once. */
function migrate(database: BetterSqlite3.Database, location: string): void {
  database
    .transaction(() => {
      const version = judge(database, location);
      if (version === MIGRATIONS.length) return;
      for (const step of MIGRATIONS.slice(version)) database.exec(step);
      markAsOurs(database);
    })
    .immediate();
}
