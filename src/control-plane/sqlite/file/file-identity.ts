import { realpathSync, statSync } from 'node:fs';

/**
 * `sound`: every file is the one that was opened. `log gone`: the database is, and its log or the log's index was taken away;
 * the open connection still has what it held. `log replaced`: another process has begun a log of its own.
 */
export type FilesState = 'sound' | 'gone' | 'replaced' | 'log gone' | 'log replaced';

/** The files of an open database, by what the file system calls them and not by their names. */
export interface DatabaseFiles {
  /** Looks whether they are still where they were. SQLite itself goes on writing to a file that nobody will find again. */
  readonly look: () => FilesState;
  /** Whether the log that lies beside the database now is the one of this connection. */
  readonly logIsOurs: () => boolean;
}

/** Of a database in memory: nobody can take it away. */
export const NO_FILES: DatabaseFiles = { look: () => 'sound', logIsOurs: () => true };

/** @param location of a database that was opened and read just now, so that its log is there */
export function filesAt(location: string): DatabaseFiles {
  // SQLite follows links to the file, and keeps the log beside that.
  const target = realpathSync(location);
  const log = `${target}-wal`;
  const index = `${target}-shm`;
  const opened = { database: identityOf(location), log: identityOf(log), index: identityOf(index) };
  return {
    look() {
      const database = identityOf(location);
      if (database === undefined) return 'gone';
      if (database !== opened.database) return 'replaced';
      const found = { log: identityOf(log), index: identityOf(index) };
      if (found.log === opened.log && found.index === opened.index) return 'sound';
      const replaced = found.log !== undefined && found.log !== opened.log && sizeOf(log) > 0;
      return replaced ? 'log replaced' : 'log gone';
    },
    logIsOurs: () => opened.log !== undefined && identityOf(log) === opened.log,
  };
}

function identityOf(path: string): string | undefined {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found && `${String(found.dev)}:${String(found.ino)}`;
  } catch {
    // A folder on the way that may not be entered, or is none any more: nobody who starts now would find the file.
    return undefined;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
