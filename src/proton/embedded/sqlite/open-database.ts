import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

import BetterSqlite3 from 'better-sqlite3';

import { keep } from './keep';
import { MIGRATIONS } from './migrations';
import { sqliteCodeOf } from './sqlite-error';

/** "prtn" as four bytes: marks a file as ours, where `file` and `sqlite3` show it. */
const APPLICATION_ID = 0x7072746e;

/** How long a start waits for another process that is migrating the same file. Nothing is served meanwhile. */
const START_LOCK_TIMEOUT_MS = 5_000;

/** A file that can't serve as the store. The message names the file and what to do about it. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError';
}

/**
 * Opens a database file, making it and its folder when there is none, and brings it up to this version.
 * @param location a path, or `:memory:`
 * @param trace is told the text of every statement that runs
 * @throws StoreOpenError
 */
export function openDatabase(location: string, trace?: (statement: string) => void): BetterSqlite3.Database {
  let database: BetterSqlite3.Database | undefined;
  try {
    if (location !== ':memory:') mkdirSync(dirname(location), { recursive: true });
    database = keep(
      new BetterSqlite3(location, {
        timeout: START_LOCK_TIMEOUT_MS,
        ...(trace && {
          verbose: (statement: unknown) => {
            trace(String(statement));
          },
        }),
      }),
    );
    const version = judge(database, location);
    // What was acknowledged survives a loss of power: every commit waits until the log is on the disk.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec('PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF');
    // A file that needs no step is not locked: who only reads is not held up by who writes.
    if (version < MIGRATIONS.length) migrate(database, location);
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

/**
 * Copies a database as of one moment. It is only read: it takes no step, no lock that others wait for, and no change of its bytes.
 * @param to a path where there is nothing yet
 * @throws StoreOpenError when there is nothing to copy, or it is not ours, or newer than this version
 */
export function copyDatabase(location: string, to: string): void {
  let database: BetterSqlite3.Database | undefined;
  try {
    database = keep(
      new BetterSqlite3(location, { readonly: true, fileMustExist: true, timeout: START_LOCK_TIMEOUT_MS }),
    );
    judge(database, location);
    keep(database.prepare('VACUUM INTO ?')).run(to);
  } catch (error) {
    if (error instanceof StoreOpenError) throw error;
    // A log can't be read where its index can't be made, in a folder that can only be read. Without a log the file is whole.
    if (isUnreachable(error) && !existsSync(`${location}-wal`) && copiedAsItIs(location, to)) return;
    throw new StoreOpenError(explainOpenFailure(error, location), { cause: error });
  } finally {
    database?.close();
  }
}

function copiedAsItIs(location: string, to: string): boolean {
  try {
    copyFileSync(location, to);
    return true;
  } catch {
    return false;
  }
}

function isUnreachable(error: unknown): boolean {
  return /^SQLITE_(?:CANTOPEN|READONLY)/.test(sqliteCodeOf(error) ?? '');
}

/**
 * Tells how many steps a file has taken, before anything in it is touched.
 * @throws StoreOpenError when it is not ours, or newer than this version
 */
function judge(database: BetterSqlite3.Database, location: string): number {
  const found = keep(
    database.prepare<
      [],
      { readonly applicationId: number; readonly version: number; readonly tables: number }
    >(
      `SELECT application_id AS applicationId, user_version AS version, (SELECT count(*) FROM sqlite_schema) AS tables
       FROM pragma_application_id, pragma_user_version`,
    ),
  );
  const { applicationId = 0, version = 0, tables = 0 } = found.get() ?? {};
  if (applicationId !== APPLICATION_ID && (tables > 0 || version > 0)) {
    throw new StoreOpenError(
      `${location} is a SQLite database of another application. Set DATABASE_URL to another file; this one is left as it is.`,
    );
  }
  if (version > MIGRATIONS.length) {
    throw new StoreOpenError(
      `${location} was written by a newer version of proton-subgraph (schema ${String(version)}, this version knows ` +
        `${String(MIGRATIONS.length)}). Run that version or a later one; the file is left as it is.`,
    );
  }
  return version;
}

/** Takes the missing steps in one transaction, under the write lock: two processes that start together take them once. */
function migrate(database: BetterSqlite3.Database, location: string): void {
  database
    .transaction(() => {
      const version = judge(database, location);
      if (version === MIGRATIONS.length) return;
      for (const step of MIGRATIONS.slice(version)) database.exec(step);
      database.exec(`PRAGMA application_id = ${String(APPLICATION_ID)}`);
      database.exec(`PRAGMA user_version = ${String(MIGRATIONS.length)}`);
    })
    .immediate();
}

/** Says of a file that can't be opened what is wrong and what to do, in words for whoever set DATABASE_URL. */
export function explainOpenFailure(error: unknown, location: string): string {
  const code = sqliteCodeOf(error) ?? '';
  const reason =
    typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return `${location} is not a SQLite database, or is damaged (${reason}). Restore it from a backup, or set DATABASE_URL to another file; this one is left as it is.`;
  }
  if (code.startsWith('SQLITE_BUSY')) {
    return `${location} has been locked by another process for ${String(START_LOCK_TIMEOUT_MS / 1000)} seconds. Stop that process, or set DATABASE_URL to another file.`;
  }
  if (code.startsWith('SQLITE_READONLY')) {
    return `${location} can't be written to. Give this user the right to write the file and its folder, or set DATABASE_URL to another file.`;
  }
  return `${location} can't be opened (${reason}). Check that its folder exists, has space, and lets this user write, or set DATABASE_URL to another file.`;
}
