import { randomUUID } from 'node:crypto';
import { linkSync, rmSync } from 'node:fs';

import { codeOf } from './open-failure';

/**
 * Makes a database aside and gives it its name once it is whole, so that neither a full disk nor a kill leaves an empty or half
 * made file in its place. Another process may do the same at the same time: whoever is first wins, and both go on with that one.
 * @param make makes it at the path it is given, in one file
 */
export function putNewDatabase(location: string, make: (path: string) => void): void {
  const aside = `${location}.new-${randomUUID()}`;
  try {
    make(aside);
    linkSync(aside, location);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(aside + end, { force: true });
  }
}
