import { linkSync, writeFileSync } from 'node:fs';

import BetterSqlite3 from 'better-sqlite3';

import { StoreOpenError } from '../../store-errors';
import { explainOpenFailure, codeOf, isBusy } from '../errors';
import { pin } from '../pin-native';
import { isLinkUnsupported, removeDatabase } from './durable-files';

/**
 * Locks a database file against all other processes. Fails while another process has it open: a server holds a shared lock on the
 * file, even when idle.
 *
 * Locks through a second name (a hard link), so that SQLite finds neither the log nor the journal of the file: it would move them
 * into the file when the lock is released. One byte in a log of the second name makes SQLite take the lock before it reads the file,
 * so this works with a damaged file too.
 * @param secondName a path in the same file system where nothing exists
 * @returns a function that releases the lock. Until then this process must not open the file otherwise: closing it would release the
 * lock (POSIX).
 * @throws StoreOpenError
 */
export function lockExclusively(location: string, secondName: string): () => void {
  const path = linkOrSame(location, secondName);
  let database: BetterSqlite3.Database | undefined;
  const release = () => {
    database?.close();
    if (path === secondName) removeDatabase(secondName);
  };
  try {
    database = pin(new BetterSqlite3(path, { fileMustExist: true, timeout: 0 }));
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; ROLLBACK');
  } catch (error) {
    // The file is damaged. SQLite takes the lock before it reads, so the lock is held.
    if (/^SQLITE_(?:CORRUPT|NOTADB)/.test(codeOf(error))) return release;
    release();
    if (!isBusy(error)) throw new StoreOpenError(explainOpenFailure(error, location), { cause: error });
    throw new StoreOpenError(
      `${location} is open in another process: a server, or another command. Stop it and try again; nothing was changed.`,
      { cause: error },
    );
  }
  return release;
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
