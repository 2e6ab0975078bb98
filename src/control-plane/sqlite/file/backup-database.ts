import { closeSync, existsSync, openSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';

import BetterSqlite3 from 'better-sqlite3';

import { StoreOpenError } from '../../store-errors';
import { explainOpenFailure, isFull, START_LOCK_TIMEOUT_MS, codeOf } from '../errors';
import { pin } from '../pin-native';
import { checkCopy, type StoreContents } from './copy-database';
import { readSchemaVersion } from './inspect-database';
import { publishFile } from './durable-files';
import { isWalDamaged } from './wal-check';

/** Receives the number of bytes copied so far. */
export type OnProgress = (done: number, total: number) => void;

/** Pages of 4 kB that are copied before the event loop has a turn. */
const PAGES_PER_STEP = 1_000;
/** Only the owner may read a backup: it has the same content as the store. */
const MODE = 0o600;

/**
 * Copies a store as of one moment, while other processes read and write it, checks the copy and gives it its name.
 * @param to a path where nothing exists
 * @param temporary a path in the same file system, where nothing exists. The caller removes what is left there.
 * @throws StoreOpenError when the store can't be read or is damaged
 * @throws the file system's error, `EEXIST` when `to` is taken
 */
export async function backUpDatabase(
  { location, to, temporary }: { readonly location: string; readonly to: string; readonly temporary: string },
  onProgress: OnProgress,
): Promise<StoreContents> {
  const log = `${realpathSync(location)}-wal`;
  if (isWalDamaged(log)) {
    throw new StoreOpenError(
      `${log}, the log of ${location}, is damaged, so a backup would lack what was written last. docs/reference/store.md says how to save the rest.`,
    );
  }
  // Created here, because SQLite would create a file that everyone may read.
  closeSync(openSync(temporary, 'wx', MODE));
  await copySnapshot(location, temporary, onProgress);
  const contents = checkCopy(temporary, location);
  publishFile(temporary, to);
  return contents;
}

async function copySnapshot(location: string, to: string, onProgress: OnProgress): Promise<void> {
  let database: BetterSqlite3.Database | undefined;
  try {
    // Where there is a log, a connection that can write would move it into the file. Where there is none, a read-only one leaves an empty log.
    const readonly = existsSync(`${realpathSync(location)}-wal`);
    database = pin(
      new BetterSqlite3(location, { readonly, fileMustExist: true, timeout: START_LOCK_TIMEOUT_MS }),
    );
    // One read transaction from the first page to the last, so that other processes' commits don't restart the copy.
    database.exec('BEGIN');
    readSchemaVersion(database, location);
    const pageSize = pin(database.prepare<[], number>('PRAGMA page_size').pluck(true)).get() ?? 0;
    // Absolute, because better-sqlite3 trims the path.
    const { totalPages } = await database.backup(resolve(to), {
      progress({ totalPages: pages, remainingPages }) {
        onProgress((pages - remainingPages) * pageSize, pages * pageSize);
        return PAGES_PER_STEP;
      },
    });
    onProgress(totalPages * pageSize, totalPages * pageSize);
  } catch (error) {
    if (error instanceof StoreOpenError || isFull(codeOf(error)) || isWriteError(error)) throw error;
    throw new StoreOpenError(explainOpenFailure(error, location), { cause: error });
  } finally {
    database?.close();
  }
}

/** The store is only read, so a write error comes from the copy. */
function isWriteError(error: unknown): boolean {
  return /^SQLITE_IOERR_(?:WRITE|FSYNC|TRUNCATE)/.test(codeOf(error));
}

/** Whether a path exists, or a file beside it that SQLite would take for its log or journal. */
export function isTaken(path: string): boolean {
  return ['', '-wal', '-journal'].some((ending) => existsSync(path + ending));
}
