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

import { pin } from '../pin-native';
import { MIGRATIONS } from '../migrations';
import { StoreOpenError } from '../../store-errors';
import { damagedMessage, isDamage, messageOf } from '../errors';
import { refuseUnfinishedRestore } from './replace-database';

/** "prtn" in ASCII: marks a file as a proton-subgraph database. `file` and `sqlite3` show it. */
const APPLICATION_ID = 0x7072746e;

/** Offsets in the header of a database file. */
const HEADER_BYTES = 100;
const VERSION_AT = 60;
const APPLICATION_ID_AT = 68;

/** Whether a file is a proton-subgraph database or still empty, and how many migrations it has run. */
export function readIdentification(database: BetterSqlite3.Database): {
  readonly ours: boolean;
  readonly version: number;
} {
  const found = pin(
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
 * Returns how many migrations a file has run. Changes nothing.
 * @throws StoreOpenError when the file is from a newer version, or not a proton-subgraph database
 */
export function readSchemaVersion(database: BetterSqlite3.Database, location: string): number {
  const { ours, version } = readIdentification(database);
  if (!ours) refuseForeign(location);
  refuseNewer(version, location);
  return version;
}

/**
 * The same from the bytes of the file, which SQLite can't read before it has rolled back a journal.
 * The format: https://www.sqlite.org/fileformat2.html#the_database_header
 * @param location of a file that this process does not have open: closing it here would release SQLite's locks (POSIX)
 * @throws StoreOpenError when the file is from a newer version, or not a proton-subgraph database
 */
export function checkHeader(location: string): void {
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

/** Marks a file as a proton-subgraph database that has run every migration. */
export function markAsOurs(database: BetterSqlite3.Database): void {
  database.exec(`PRAGMA application_id = ${String(APPLICATION_ID)}`);
  database.exec(`PRAGMA user_version = ${String(MIGRATIONS.length)}`);
}

/**
 * Reads the whole file.
 * @throws StoreOpenError when a page is damaged or missing, or a row breaks a constraint of its table
 */
export function checkIntegrity(database: BetterSqlite3.Database, location: string): void {
  const found = damageIn(database, 'quick_check');
  if (found === undefined) return;
  const cause = Object.assign(new Error(found), { code: 'SQLITE_CORRUPT' });
  throw new StoreOpenError(damagedMessage(location, found), { cause });
}

/**
 * Checks a database that was just written, that no other process has open, and that must be complete in one file.
 * @returns what is damaged; undefined when the file is intact
 */
export function damageInNewFile(path: string): string | undefined {
  let database: BetterSqlite3.Database | undefined;
  try {
    database = pin(new BetterSqlite3(path, { fileMustExist: true }));
    const bytes = pin(
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

/** @param check `integrity_check` also compares indexes with their tables, and takes several times as long */
function damageIn(
  database: BetterSqlite3.Database,
  check: 'quick_check' | 'integrity_check',
): string | undefined {
  const found = pin(database.prepare<[], string>(`PRAGMA ${check}(1)`).pluck(true)).get();
  return found === 'ok' ? undefined : String(found).replaceAll(/\s+/g, ' ').slice(0, 200);
}

/**
 * Checks the path of the database without opening the file: opening a pipe would block, and SQLite would take an empty file for a
 * new database, and discard a log whose file is missing.
 * @throws StoreOpenError when the path holds something else, and when a new database must not be created there
 * @throws the file system's error
 */
export function checkLocation(location: string): 'exists' | 'missing' {
  const found = statSync(location, { throwIfNoEntry: false });
  refuseUnfinishedRestore(found ? realpathSync(location) : location);
  if (!found) {
    refuseDanglingLink(location);
    refuseOrphanedLog(location);
    return 'missing';
  }
  if (!found.isFile()) {
    const what = found.isDirectory() ? 'a folder' : 'no regular file';
    throw new StoreOpenError(
      `${location} can't be opened: it is ${what}. Set DATABASE_URL to sqlite:PATH, where PATH is the file of the database.`,
    );
  }
  // SQLite takes a file of one byte for an empty one too.
  if (found.size <= 1) {
    throw new StoreOpenError(
      `${location} is empty, which a database of proton-subgraph never is: what it held is lost. Restore it from a backup, or remove the file to begin with a new database; it is left as it is.`,
    );
  }
  accessSync(location, constants.R_OK | constants.W_OK);
  // SQLite creates the log in the folder.
  accessSync(dirname(location), constants.W_OK);
  return 'exists';
}

function refuseDanglingLink(location: string): void {
  if (!lstatSync(location, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  throw new StoreOpenError(
    `${location} is a symbolic link to a file that is not there: perhaps its disk is not mounted. Set DATABASE_URL to the file itself to have a new database made there.`,
  );
}

/** SQLite would apply the log or the journal of the old database to a new one. */
function refuseOrphanedLog(location: string): void {
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
