import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { codeOf } from '../errors';
import { publishFile, removeDatabase } from './durable-files';

/** At this age, in milliseconds, no process can still be writing a temporary file. */
const STALE_AFTER_MS = 60_000;
const TEMPORARY_FILE =
  /^\.(?:new-[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?:-(?:wal|shm|journal))?|restore-[A-Za-z\d]{6})$/;

/**
 * Creates a database under a temporary name, and gives it its final name once it is complete and on the disk. So neither a full disk
 * nor a kill leaves an incomplete file. When two processes do this at the same time, the first one wins, and both use its file.
 * @param make creates and checks a database in one file, at the path that it receives
 */
export function createDatabaseFile(location: string, make: (path: string) => void): void {
  const temporary = `${location}.new-${randomUUID()}`;
  try {
    make(temporary);
    publishFile(temporary, location);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    removeDatabase(temporary);
  }
}

/** Removes the stale temporary files of creations and restores that were killed. A running restore holds a lock, so there is none. */
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
    // A stale file is harmless.
  }
}
