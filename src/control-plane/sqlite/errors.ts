import { dirname, resolve } from 'node:path';

import { asError, ProtonFailure } from '../../proton/failure';
import { mapFailure } from '../../proton/proton-service';
import { readFailure, StoreError } from '../store-errors';

/** What can be wrong with a store as a whole. */
export type StoreErrorKind =
  | 'gone'
  | 'replaced'
  | 'log lost'
  | 'damaged'
  | 'newer'
  | 'locked'
  | 'full'
  | 'read-only'
  | 'memory'
  | 'failing'
  | 'closed';

/** For the operator: what is wrong and how to fix it. They name no path: the log line beside them does. */
const MESSAGES: Readonly<Record<StoreErrorKind, string>> = {
  gone: 'The database file is gone. Put it back; what it held is still served for reading until this process ends.',
  replaced:
    'Another file is in the place of the database, and can not be taken up. Put the old one back, or put in its place one of this version with no log (-wal) and index (-shm) of the old one beside it.',
  'log lost':
    'The log of the database (-wal) was taken away or replaced, and what it held could not be saved into the database yet.',
  damaged: 'The database file is damaged. Restore it from a backup.',
  newer:
    'A newer version of proton-subgraph has changed the database since. Run that version or a later one.',
  locked: 'Another process holds the lock of the database.',
  full: 'There is no space left for the database. Make some.',
  'read-only': 'The database can no longer be written to. Give this process the right to write to it again.',
  memory: 'There is not enough memory for the database.',
  failing: 'The disk fails under the database. See to the disk.',
  closed: 'The database is closed.',
};

/** How long a start waits for another process that is migrating the same file, in milliseconds. */
export const START_LOCK_TIMEOUT_MS = 5_000;

const OTHERWISE = 'or set DATABASE_URL to another file';
const NO_SPACE_TO_STAGE =
  "There is no space to gather the file's records in. Make space in the folder for temporary files (TMPDIR, or /var/tmp when it is not set), or set TMPDIR to another folder, then try again.";
const DISK_FAILS = "The disk can't be read or written. See to the disk, then try again.";

/** An error while a file is opened. */
interface OpenFailure {
  readonly location: string;
  readonly folder: string;
  readonly code: string;
  readonly reason: string;
}

interface KnownCode {
  readonly codes: RegExp;
  readonly kind: StoreErrorKind;
  /** For the person who set DATABASE_URL, when the file can't be opened; there is a general message too. */
  readonly openMessage?: (failure: OpenFailure) => string;
  /** For the person who ran an import or an export; there is a general message too. */
  readonly importMessage?: string;
}

/** What the codes of SQLite and of the file system mean. The first row that matches counts. */
const KNOWN_CODES: readonly KnownCode[] = [
  {
    codes: /^SQLITE_(?:CORRUPT|NOTADB)/,
    kind: 'damaged',
    openMessage: ({ location, reason }) => damagedMessage(location, reason),
    importMessage: 'The store is damaged. Restore it from a backup.',
  },
  {
    codes: /^SQLITE_(?:BUSY|LOCKED)/,
    kind: 'locked',
    openMessage: ({ location }) =>
      `${location} has been locked by another process for ${String(START_LOCK_TIMEOUT_MS / 1000)} seconds. Stop that process, ${OTHERWISE}.`,
  },
  {
    codes: /^(?:SQLITE_FULL|ENOSPC|EDQUOT)/,
    kind: 'full',
    openMessage: fullMessage,
    importMessage: NO_SPACE_TO_STAGE,
  },
  { codes: /^SQLITE_IOERR_SHMSIZE/, kind: 'full', openMessage: fullMessage, importMessage: DISK_FAILS },
  {
    codes: /^SQLITE_READONLY_ROLLBACK/,
    kind: 'read-only',
    openMessage: ({ location }) =>
      `${location} was left half written, and what was there before stands in its journal (-journal). Start the server with it once, which puts that back.`,
  },
  {
    codes: /^SQLITE_READONLY_(?:RECOVERY|CANTINIT|CANTLOCK)/,
    kind: 'read-only',
    openMessage: ({ location }) =>
      `${location} can't be opened, as its log (-wal) or the log's index (-shm) can't be written to. Give this user the right to write both, ${OTHERWISE}.`,
  },
  {
    codes: /^(?:SQLITE_READONLY|EROFS|EACCES|EPERM)/,
    kind: 'read-only',
    openMessage: ({ location }) =>
      `${location} can't be written to. Give this user the right to write the file and its folder, ${OTHERWISE}.`,
  },
  {
    codes: /^SQLITE_(?:NOMEM|IOERR_NOMEM)/,
    kind: 'memory',
    importMessage: 'There is not enough memory for it.',
  },
  {
    codes: /^SQLITE_IOERR/,
    kind: 'failing',
    openMessage: ({ location, folder, reason, code }) =>
      `${location} can't be opened: no space left on device, in the folder ${folder}, or the disk fails (${reason}, ${code}). Make some, or see to the disk, ${OTHERWISE}.`,
    importMessage: DISK_FAILS,
  },
  { codes: /^SQLITE_CANTOPEN/, kind: 'failing', importMessage: NO_SPACE_TO_STAGE },
  { codes: /^SQLITE_PROTOCOL/, kind: 'failing' },
  {
    codes: /^ELOOP/,
    kind: 'failing',
    openMessage: ({ location }) =>
      `${location} can't be opened: its symbolic links lead round in a circle. Fix them, ${OTHERWISE}.`,
  },
];

function knownCode(code: string | undefined): KnownCode | undefined {
  return code === undefined ? undefined : KNOWN_CODES.find(({ codes }) => codes.test(code));
}

/** What is wrong with the file as a whole. */
export class SqliteStoreError extends StoreError {
  constructor(
    readonly kind: StoreErrorKind,
    cause?: unknown,
  ) {
    const code = sqliteCodeOf(cause);
    super(code === undefined ? MESSAGES[kind] : `${MESSAGES[kind]} (${code})`, { cause });
  }
}

/** The SqliteStoreError for an error of SQLite; undefined when the error is not about the store. */
export function storeErrorOf(error: unknown): SqliteStoreError | undefined {
  if (error instanceof SqliteStoreError) return error;
  const known = knownCode(sqliteCodeOf(error));
  return known && new SqliteStoreError(known.kind, error);
}

export function isStoreFailure(error: unknown): boolean {
  return storeErrorOf(error) !== undefined;
}

/** The message of a StoreOpenError for an error of SQLite or the file system. */
export function explainOpenFailure(error: unknown, location: string): string {
  const failure = {
    location,
    folder: dirname(resolve(location)),
    code: codeOf(error),
    reason: messageOf(error),
  };
  return (
    knownCode(failure.code)?.openMessage?.(failure) ??
    `${location} can't be opened (${failure.reason}). Check that its folder exists, has space, and lets this user write, ${OTHERWISE}.`
  );
}

export function damagedMessage(location: string, reason: string): string {
  return `${location} is not a SQLite database, or is damaged (${reason}). Restore it from a backup, ${OTHERWISE}; this one is left as it is.`;
}

function fullMessage({ location, folder, reason }: OpenFailure): string {
  return `${location} can't be opened: no space left on device, in the folder ${folder} (${reason}). Make some, ${OTHERWISE}.`;
}

/** Runs a read that returns a value or a promise. @throws ProtonFailure `UNAVAILABLE` when the file can't be read */
export function reading<Returned>(read: () => Returned): Returned {
  return mapFailure(read, (error) => (isStoreFailure(error) ? readFailure(error) : asError(error)));
}

/** Turns a store's error during an import or an export into one for the person who ran it. Other errors stay: they are bugs. */
export function importFailure(error: unknown): unknown {
  if (!isStoreFailure(error)) return error;
  const message = knownCode(sqliteCodeOf(error))?.importMessage;
  return message === undefined ? readFailure(error) : ProtonFailure.unavailable(message, error);
}

/**
 * The code of an error that SQLite reported, as in `SQLITE_BUSY`; undefined for any other error. By its code and not by its class:
 * the native addon is loaded once per process, so under Jest its class may belong to another realm.
 */
export function sqliteCodeOf(error: unknown): string | undefined {
  const code = codeOf(error);
  return code.startsWith('SQLITE_') ? code : undefined;
}

/** The code that SQLite or the file system gives an error; empty for any other error. */
export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** The message of an error, whatever realm its class belongs to. */
export function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : String(error);
}

export function isBusy(error: unknown): boolean {
  return sqliteCodeOf(error)?.startsWith('SQLITE_BUSY') ?? false;
}

export function isDamage(error: unknown): boolean {
  return knownCode(codeOf(error))?.kind === 'damaged';
}

export function isFull(code: string): boolean {
  return knownCode(code)?.kind === 'full';
}
