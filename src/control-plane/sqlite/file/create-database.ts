import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { codeOf } from '../errors';
import { giveName, removeDatabase } from './durable-files';

/** How old a temporary file is, in milliseconds, when no process can still be writing it. */
const STALE_AFTER_MS = 60_000;
const TEMPORARY_FILE =
  /^\.(?:new-[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?:-(?:wal|shm|journal))?|restore-[A-Za-z\d]{6})$/;

/**
 * Creates a database under a temporary name and gives it its final name once it is whole and on the disk, so that neither a full
 * disk nor a kill leaves an empty or half written file in its place. Another process may do the same at the same time: the first
 * one wins, and both go on with its file.
 * @param make creates and checks the database at the path that it receives, in one file
 */
export function putNewDatabase(location: string, make: (path: string) => void): void {
  const temporary = `${location}.new-${randomUUID()}`;
  try {
    make(temporary);
    giveName(temporary, location);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    removeDatabase(temporary);
  }
}

/** Removes what a creation or a restore that was killed has left. No other process may be at it: a restore holds the lock. */
export function removeStaleFiles(location: string): void {
  const folder = dirname(location);
  const name = basename(location);
  try {
    for (const found of readdirSync(folder)) {
      if (!found.startsWith(name) || !TEMPORARY_FILE.test(found.slice(name.length))) continue;
      const path = join(folder, found);
      if (Date.now() - statSync(path).mtimeMs > STALE_AFTER_MS)
        rmSync(path, { recursive: true, force: true });
    }
  } catch {
    // A file that stays is harmless.
  }
}
