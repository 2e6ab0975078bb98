import { copyFileSync, existsSync, realpathSync } from 'node:fs';

import BetterSqlite3 from 'better-sqlite3';

import { judge } from './inspect-database';
import { keep } from '../pin-native';
import { explainOpenFailure, START_LOCK_TIMEOUT_MS, StoreOpenError, sqliteCodeOf } from '../errors';

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
    if (isUnreachable(error) && copiedAsItIs(location, to)) return;
    throw new StoreOpenError(explainOpenFailure(error, location), { cause: error });
  } finally {
    database?.close();
  }
}

/**
 * A log can't be read where its index can't be made, in a folder that can only be read. The file is whole without a log, and
 * without the journal of a write that was not finished.
 */
function copiedAsItIs(location: string, to: string): boolean {
  try {
    const target = realpathSync(location);
    if (['-wal', '-journal'].some((end) => existsSync(target + end))) return false;
    copyFileSync(location, to);
    return true;
  } catch {
    return false;
  }
}

function isUnreachable(error: unknown): boolean {
  return /^SQLITE_(?:CANTOPEN|READONLY)/.test(sqliteCodeOf(error) ?? '');
}
