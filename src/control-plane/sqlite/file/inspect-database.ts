import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';

import BetterSqlite3 from 'better-sqlite3';

import { keep } from '../pin-native';
import { MIGRATIONS } from '../migrations';
import { damagedMessage, isDamage, messageOf, StoreOpenError } from '../errors';
import { refuseUnfinishedRestore } from './replace-database';

/** "prtn" as four bytes: marks a file as ours, where `file` and `sqlite3` show it. */
const APPLICATION_ID = 0x7072746e;

/** Where a file says it itself. */
const HEADER_BYTES = 100;
const VERSION_AT = 60;
const APPLICATION_ID_AT = 68;

/** Whether a file is ours, or still empty, and how many migrations it has run. */
export function readMarks(database: BetterSqlite3.Database): {
  readonly ours: boolean;
  readonly version: number;
} {
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
  return { ours: applicationId === APPLICATION_ID || (tables === 0 && version === 0), version };
}

/**
 * Reads how many migrations a file has run, before anything in it is touched.
 * @throws StoreOpenError when it is not ours, or newer than this version
 */
export function judge(database: BetterSqlite3.Database, location: string): number {
  const { ours, version } = readMarks(database);
  if (!ours) refuseForeign(location);
  refuseNewer(version, location);
  return version;
}

/**
 * The same by the file's own bytes, of a file that SQLite can't read as it is.
 * From the file format: https://www.sqlite.org/fileformat2.html#the_database_header
 * @param location of a file that this process does not have open: closing it here would end SQLite's locks on it
 * @throws StoreOpenError when it is not ours, or newer than this version
 */
export function judgeHeader(location: string): void {
  const header = Buffer.alloc(HEADER_BYTES);
  const file = openSync(location, 'r');
  try {
    readSync(file, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(file);
  }
  if (header.readUInt32BE(APPLICATION_ID_AT) !== APPLICATION_ID) refuseForeign(location);
  refuseNewer(header.readUInt32BE(VERSION_AT), location);
}

function refuseForeign(location: string): never {
  throw new StoreOpenError(
    `${location} is a SQLite database of another application. Set DATABASE_URL to another file; this one is left as it is.`,
  );
}

function refuseNewer(version: number, location: string): void {
  if (version <= MIGRATIONS.length) return;
  throw new StoreOpenError(
    `${location} was written by a newer version of proton-subgraph (schema ${String(version)}, this version knows ` +
      `${String(MIGRATIONS.length)}). Run that version or a later one; the file is left as it is.`,
  );
}

/** Marks it as one of ours that has taken every step. */
export function markAsOurs(database: BetterSqlite3.Database): void {
  database.exec(`PRAGMA application_id = ${String(APPLICATION_ID)}`);
  database.exec(`PRAGMA user_version = ${String(MIGRATIONS.length)}`);
}

/**
 * Reads all of it.
 * @throws StoreOpenError when a page is damaged or missing, or a row breaks what its table promises
 */
export function checkSoundness(database: BetterSqlite3.Database, location: string): void {
  const found = damageIn(database, 'quick_check');
  if (found === undefined) return;
  const cause = Object.assign(new Error(found), { code: 'SQLITE_CORRUPT' });
  throw new StoreOpenError(damagedMessage(location, found), { cause });
}

/**
 * Checks a database that was written just now, that no other process has open, and that must be whole in one file.
 * @returns why it is not; undefined when it is
 */
export function damageInNewFile(path: string): string | undefined {
  let database: BetterSqlite3.Database | undefined;
  try {
    database = keep(new BetterSqlite3(path, { fileMustExist: true }));
    const bytes = keep(
      database
        .prepare<[], number>('SELECT page_count * page_size FROM pragma_page_count, pragma_page_size')
        .pluck(true),
    ).get();
    const { size } = statSync(path);
    return size === bytes
      ? damageIn(database, 'integrity_check')
      : `it has ${String(size)} of ${String(bytes)} bytes`;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return messageOf(error);
  } finally {
    database?.close();
  }
}

/** @param check `integrity_check` compares the indexes with their tables too, and takes several times as long */
function damageIn(
  database: BetterSqlite3.Database,
  check: 'quick_check' | 'integrity_check',
): string | undefined {
  const found = keep(database.prepare<[], string>(`PRAGMA ${check}(1)`).pluck(true)).get();
  return found === 'ok' ? undefined : String(found).replaceAll(/\s+/g, ' ').slice(0, 200);
}

/**
 * Looks at what lies where the database is said to be, without opening it: a pipe would not answer, and SQLite takes an empty
 * file for a new database and throws away a log that has lost its file.
 * @throws StoreOpenError when that can't be our database and none may be made there
 * @throws what the file system reports
 */
export function lookAtPlace(location: string): 'a file' | 'nothing' {
  const found = statSync(location, { throwIfNoEntry: false });
  refuseUnfinishedRestore(found ? realpathSync(location) : location);
  if (!found) {
    refuseLink(location);
    refuseLonelyLog(location);
    return 'nothing';
  }
  if (!found.isFile()) {
    const what = found.isDirectory() ? 'a folder' : 'no regular file';
    throw new StoreOpenError(
      `${location} can't be opened: it is ${what}. Set DATABASE_URL to sqlite:PATH, where PATH is the file of the database.`,
    );
  }
  // One byte is no more: SQLite itself takes such a file for an empty one.
  if (found.size <= 1) {
    throw new StoreOpenError(
      `${location} is empty, which a database of proton-subgraph never is: what it held is lost. Restore it from a backup, or remove the file to begin with a new database; it is left as it is.`,
    );
  }
  accessSync(location, constants.R_OK | constants.W_OK);
  // The log is made beside the file.
  accessSync(dirname(location), constants.W_OK);
  return 'a file';
}

function refuseLink(location: string): void {
  if (!lstatSync(location, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  throw new StoreOpenError(
    `${location} is a symbolic link to a file that is not there: perhaps its disk is not mounted. Set DATABASE_URL to the file itself to have a new database made there.`,
  );
}

/** A new database would take over what the log or the journal of the old one holds. */
function refuseLonelyLog(location: string): void {
  for (const [ending, what] of [
    ['-wal', 'log'],
    ['-journal', 'journal'],
  ] as const) {
    const path = location + ending;
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) continue;
    throw new StoreOpenError(
      `${location} is not there, but its ${what} ${path} is, and may hold what was written last. Put the database back beside it, or remove the ${what} to begin with a new database.`,
    );
  }
}
