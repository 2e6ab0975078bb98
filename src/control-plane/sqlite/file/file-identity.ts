import { realpathSync, statSync } from 'node:fs';

/**
 * Whether the files of an open database are still in their places. `log gone`: the log or its index was removed; the open
 * connection still has its content. `log replaced`: another process has created a new log.
 */
export type FilesState = 'unchanged' | 'gone' | 'replaced' | 'log gone' | 'log replaced';

/** The files of an open database, identified by inode. */
export interface DatabaseFiles {
  /** SQLite itself does not notice a change: it goes on writing to a file that has lost its name. */
  readonly state: () => FilesState;
  /** Whether the log beside the database now is this connection's. */
  readonly isLogOurs: () => boolean;
}

/** For a database in memory. */
export const NO_FILES: DatabaseFiles = { state: () => 'unchanged', isLogOurs: () => true };

/** @param location of a database that was just opened and read, so that its log exists */
export function filesAt(location: string): DatabaseFiles {
  // SQLite follows symbolic links to the file, and keeps the log beside that.
  const target = realpathSync(location);
  const log = `${target}-wal`;
  const index = `${target}-shm`;
  const opened = { database: identityOf(location), log: identityOf(log), index: identityOf(index) };
  return {
    state() {
      const database = identityOf(location);
      if (database === undefined) return 'gone';
      if (database !== opened.database) return 'replaced';
      const found = { log: identityOf(log), index: identityOf(index) };
      if (found.log === opened.log && found.index === opened.index) return 'unchanged';
      const isReplaced = found.log !== undefined && found.log !== opened.log && sizeOf(log) > 0;
      return isReplaced ? 'log replaced' : 'log gone';
    },
    isLogOurs: () => opened.log !== undefined && identityOf(log) === opened.log,
  };
}

function identityOf(path: string): string | undefined {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found && `${String(found.dev)}:${String(found.ino)}`;
  } catch {
    // A folder of the path can't be entered any more: a process that starts now would not find the file.
    return undefined;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
