import { copyFileSync, existsSync, realpathSync } from 'node:fs';

import BetterSqlite3 from 'better-sqlite3';

import { readSchemaVersion } from './inspect-database';
import { pin } from '../pin-native';
import { explainOpenFailure, START_LOCK_TIMEOUT_MS, StoreOpenError, sqliteCodeOf } from '../errors';

/**
 * Copies a database as of one moment. The original is only read: it is neither migrated nor locked against writers.
 * @param to a path where nothing exists
 * @throws StoreOpenError when the original is missing, from a newer version, or not a proton-subgraph database
 */
export function copyDatabase(location: string, to: string): void {
  let database: BetterSqlite3.Database | undefined;
  try {
    database = pin(
      new BetterSqlite3(location, { readonly: true, fileMustExist: true, timeout: START_LOCK_TIMEOUT_MS }),
    );
    readSchemaVersion(database, location);
    pin(database.prepare('VACUUM INTO ?')).run(to);
  } catch (error) {
    if (error instanceof StoreOpenError) throw error;
    if (canNotOpen(error) && copyFileAsIs(location, to)) return;
    throw new StoreOpenError(explainOpenFailure(error, location), { cause: error });
  } finally {
    database?.close();
  }
}

/**
 * SQLite can't open a database with a log in a read-only folder, because it can't create the log's index. With no log and no journal
 * beside it, the file alone is complete, and can be copied as a file.
 */
function copyFileAsIs(location: string, to: string): boolean {
  try {
    const target = realpathSync(location);
    if (['-wal', '-journal'].some((end) => existsSync(target + end))) return false;
    copyFileSync(location, to);
    return true;
  } catch {
    return false;
  }
}

function canNotOpen(error: unknown): boolean {
  return /^SQLITE_(?:CANTOPEN|READONLY)/.test(sqliteCodeOf(error) ?? '');
}
