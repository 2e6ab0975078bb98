import { copyFileSync, existsSync, realpathSync } from 'node:fs';

import BetterSqlite3 from 'better-sqlite3';

import { StoreOpenError } from '../../store-errors';
import { explainOpenFailure, isDamage, messageOf, sqliteCodeOf, START_LOCK_TIMEOUT_MS } from '../errors';
import { MIGRATIONS } from '../migrations';
import { pin } from '../pin-native';
import { damageInNewFile, readIdentification, readSchemaVersion } from './inspect-database';

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

/** How many rows a store has. A store of an older version may have no access keys. */
export interface StoreContents {
  readonly connections: number;
  readonly events: number;
  readonly accessKeys: number;
}

/**
 * Checks a whole copy of a store, and moves what its log or journal holds into the file.
 * @param original the file that was copied, for the message
 * @throws StoreOpenError when the copy is damaged, empty, from a newer version, or not a proton-subgraph database
 */
export function checkCopy(path: string, original: string): StoreContents {
  const refuse = (why: string, cause?: unknown): never => {
    throw new StoreOpenError(`${original} ${why}`, { cause });
  };
  const database = pin(new BetterSqlite3(path, { fileMustExist: true }));
  let contents: StoreContents;
  try {
    const { ours, version } = readIdentification(database);
    if (!ours) refuse('is a SQLite database of another application. Name a backup of proton-subgraph.');
    if (version === 0) refuse('holds no store: it is an empty database. Name a backup of proton-subgraph.');
    if (version > MIGRATIONS.length) {
      refuse(
        `was written by a newer version of proton-subgraph (schema ${String(version)}, this version knows ${String(MIGRATIONS.length)}). Use that version or a later one.`,
      );
    }
    database.exec('PRAGMA journal_mode = DELETE');
    const count = (table: string): number => {
      const exists = pin(database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?'));
      if (exists.get(table) === undefined) return 0;
      return pin(database.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck(true)).get() ?? 0;
    };
    contents = {
      connections: count('connections'),
      events: count('connection_events'),
      accessKeys: count('access_keys'),
    };
  } catch (error) {
    return isDamage(error) ? refuse(damagedCopy(messageOf(error)), error) : rethrow(error);
  } finally {
    database.close();
  }
  const damage = damageInNewFile(path);
  return damage === undefined ? contents : refuse(damagedCopy(damage));
}

function damagedCopy(reason: string): string {
  return `is not a SQLite database, or is damaged (${reason}). Use another backup.`;
}

function rethrow(error: unknown): never {
  throw error;
}
