import { accessSync, constants, lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import { StoreOpenError } from '../open-failure';
import { refuseUnfinishedRestore } from './replace-database';

/**
 * Looks at what lies where the database is said to be, without opening it: a pipe would not answer, and SQLite takes an empty
 * file for a new database and throws away a log that has lost its file.
 * @throws StoreOpenError when that can't be our database and none may be made there
 * @throws what the file system reports
 */
export function lookAtPlace(location: string): 'a file' | 'nothing' {
  const found = statSync(location, { throwIfNoEntry: false });
  refuseUnfinishedRestore(found ? realpathSync(location) : location);
  if (!found) {
    refuseLink(location);
    refuseLonelyLog(location);
    return 'nothing';
  }
  if (!found.isFile()) {
    const what = found.isDirectory() ? 'a folder' : 'no regular file';
    throw new StoreOpenError(
      `${location} can't be opened: it is ${what}. Set DATABASE_URL to sqlite:PATH, where PATH is the file of the database.`,
    );
  }
  // One byte is no more: SQLite itself takes such a file for an empty one.
  if (found.size <= 1) {
    throw new StoreOpenError(
      `${location} is empty, which a database of proton-subgraph never is: what it held is lost. Restore it from a backup, or remove the file to begin with a new database; it is left as it is.`,
    );
  }
  accessSync(location, constants.R_OK | constants.W_OK);
  // The log is made beside the file.
  accessSync(dirname(location), constants.W_OK);
  return 'a file';
}

function refuseLink(location: string): void {
  if (!lstatSync(location, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  throw new StoreOpenError(
    `${location} is a symbolic link to a file that is not there: perhaps its disk is not mounted. Set DATABASE_URL to the file itself to have a new database made there.`,
  );
}

/** A new database would take over what the log or the journal of the old one holds. */
function refuseLonelyLog(location: string): void {
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
