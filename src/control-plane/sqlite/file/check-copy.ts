import BetterSqlite3 from 'better-sqlite3';

import { isDamage, messageOf, StoreOpenError } from '../errors';
import { keep } from '../pin-native';
import { damageInNewFile, readMarks } from './inspect-database';
import { MIGRATIONS } from '../migrations';

/** What a store holds, in rows. A store of an older version may have no access keys. */
export interface StoreContents {
  readonly connections: number;
  readonly events: number;
  readonly accessKeys: number;
}

/**
 * Checks a copy of a store as a whole, and makes it one file: what a log or a journal beside it holds is moved into it.
 * @param of the file that it is a copy of, for the message
 * @throws StoreOpenError when it is damaged, not ours, of a newer version, or empty
 */
export function checkCopy(path: string, of: string): StoreContents {
  const refuse = (why: string, cause?: unknown): never => {
    throw new StoreOpenError(`${of} ${why}`, { cause });
  };
  const database = keep(new BetterSqlite3(path, { fileMustExist: true }));
  let contents: StoreContents;
  try {
    const { ours, version } = readMarks(database);
    if (!ours) refuse('is a SQLite database of another application. Name a backup of proton-subgraph.');
    if (version === 0) refuse('holds no store: it is an empty database. Name a backup of proton-subgraph.');
    if (version > MIGRATIONS.length) {
      refuse(
        `was written by a newer version of proton-subgraph (schema ${String(version)}, this version knows ${String(MIGRATIONS.length)}). Use that version or a later one.`,
      );
    }
    database.exec('PRAGMA journal_mode = DELETE');
    const count = (table: string): number => {
      const exists = keep(database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?'));
      if (exists.get(table) === undefined) return 0;
      return keep(database.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck(true)).get() ?? 0;
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
