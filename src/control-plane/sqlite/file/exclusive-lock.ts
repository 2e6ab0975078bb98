import { linkSync, writeFileSync } from 'node:fs';

import BetterSqlite3 from 'better-sqlite3';

import { explainOpenFailure, StoreOpenError, codeOf, isBusy } from '../errors';
import { keep } from '../pin-native';
import { isLinkUnsupported, removeDatabase } from './durable-files';

/**
 * Locks a database file against every other process, and refuses while another one has it open: a server holds a shared lock on
 * the file all the time, idle or not.
 *
 * The lock is taken through a second name (a hard link), so that SQLite finds neither the log nor the journal of the file: it
 * would move them into the file when the lock ends. A byte in a log of that second name has SQLite take the lock before it reads
 * the file, so this works on a damaged one too.
 * @param secondName a path in the same file system where nothing is
 * @returns what ends the lock. Until then this process must not open the file otherwise: closing it would end the lock.
 * @throws StoreOpenError
 */
export function lockExclusively(location: string, secondName: string): () => void {
  const path = linkOrSame(location, secondName);
  let database: BetterSqlite3.Database | undefined;
  const end = () => {
    database?.close();
    if (path === secondName) removeDatabase(secondName);
  };
  try {
    database = keep(new BetterSqlite3(path, { fileMustExist: true, timeout: 0 }));
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; ROLLBACK');
  } catch (error) {
    // A damaged file: SQLite has the lock by now, or no other process would have got as far as opening it.
    if (/^SQLITE_(?:CORRUPT|NOTADB)/.test(codeOf(error))) return end;
    end();
    if (!isBusy(error)) throw new StoreOpenError(explainOpenFailure(error, location), { cause: error });
    throw new StoreOpenError(
      `${location} is open in another process: a server, or another command. Stop it and try again; nothing was changed.`,
      { cause: error },
    );
  }
  return end;
}

function linkOrSame(location: string, secondName: string): string {
  try {
    linkSync(location, secondName);
    writeFileSync(`${secondName}-wal`, '\0');
    return secondName;
  } catch (error) {
    if (isLinkUnsupported(error)) return location;
    throw new StoreOpenError(explainOpenFailure(error, location), { cause: error });
  }
}
