import { closeSync, existsSync, openSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';

import BetterSqlite3 from 'better-sqlite3';

import { explainOpenFailure, isFull, START_LOCK_TIMEOUT_MS, StoreOpenError, codeOf } from '../errors';
import { keep } from '../pin-native';
import { checkCopy, type StoreContents } from './check-copy';
import { judge } from './inspect-database';
import { giveName } from './durable-files';
import { isLogDamaged } from './wal-check';

/** Bytes that have been copied, of how many. */
export type OnProgress = (done: number, total: number) => void;

/** Copied without yielding to the event loop, in pages of 4 kB. */
const PAGES_AT_ONCE = 1_000;
/** It holds what the store holds, so only its owner may read it. */
const MODE = 0o600;

/**
 * Copies a store as of one moment, while others read and write it, checks the copy and gives it its name.
 * @param to where nothing is yet
 * @param temporary a path in the same file system as `to`, where nothing is; what is left there is the caller's to remove
 * @throws StoreOpenError when the store can't be read or is damaged
 * @throws what the file system reports of the copy, `EEXIST` when `to` is taken
 */
export async function backUpDatabase(
  { location, to, temporary }: { readonly location: string; readonly to: string; readonly temporary: string },
  onProgress: OnProgress,
): Promise<StoreContents> {
  const log = `${realpathSync(location)}-wal`;
  if (isLogDamaged(log)) {
    throw new StoreOpenError(
      `${log}, the log of ${location}, is damaged, so a backup would lack what was written last. docs/store.md says how to save the rest.`,
    );
  }
  // SQLite would let everyone read what it makes by itself.
  closeSync(openSync(temporary, 'wx', MODE));
  await copySnapshot(location, temporary, onProgress);
  const contents = checkCopy(temporary, location);
  giveName(temporary, to);
  return contents;
}

async function copySnapshot(location: string, to: string, onProgress: OnProgress): Promise<void> {
  let database: BetterSqlite3.Database | undefined;
  try {
    // A connection that can't write leaves an empty log behind where there was none; one that can would move a log into the file.
    const readonly = existsSync(`${realpathSync(location)}-wal`);
    database = keep(
      new BetterSqlite3(location, { readonly, fileMustExist: true, timeout: START_LOCK_TIMEOUT_MS }),
    );
    // One read transaction from the first page to the last: what others commit meanwhile does not restart the copy, and a log
    // lets them write while it is read.
    database.exec('BEGIN');
    judge(database, location);
    const pageSize = keep(database.prepare<[], number>('PRAGMA page_size').pluck(true)).get() ?? 0;
    // The library trims the path, which an absolute one does not mind.
    const { totalPages } = await database.backup(resolve(to), {
      progress({ totalPages: pages, remainingPages }) {
        onProgress((pages - remainingPages) * pageSize, pages * pageSize);
        return PAGES_AT_ONCE;
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

/** The store is only read, so an error of writing is one of the copy. */
function isWriteError(error: unknown): boolean {
  return /^SQLITE_IOERR_(?:WRITE|FSYNC|TRUNCATE)/.test(codeOf(error));
}

/** Whether there is anything under a name, or beside it what SQLite would take for its log or journal. */
export function isTaken(path: string): boolean {
  return ['', '-wal', '-journal'].some((ending) => existsSync(path + ending));
}
