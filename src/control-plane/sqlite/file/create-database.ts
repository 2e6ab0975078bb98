import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { codeOf } from '../sqlite-error';

const ENDS = ['', '-wal', '-shm', '-journal'];
/** What was begun so long ago, in milliseconds, nobody is making any more. */
const LITTER_AFTER_MS = 60_000;
const LITTER = /^\.new-[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?:-(?:wal|shm|journal))?$/;

/**
 * Makes a database aside and gives it its name once it is whole, so that neither a full disk nor a kill leaves an empty or half
 * made file in its place. Another process may do the same at the same time: whoever is first wins, and both go on with that one.
 * @param make makes it at the path it is given, in one file
 */
export function putNewDatabase(location: string, make: (path: string) => void): void {
  const aside = `${location}.new-${randomUUID()}`;
  try {
    make(aside);
    giveName(aside, location);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    for (const end of ENDS) rmSync(aside + end, { force: true });
  }
}

function giveName(aside: string, location: string): void {
  try {
    linkSync(aside, location);
  } catch (error) {
    // Some file systems give a file one name only.
    if (!/^(?:EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS)$/.test(codeOf(error))) throw error;
    writeWhole(aside, location);
  }
}

/** Only a kill in the middle leaves a part of it, which the next start refuses. */
function writeWhole(from: string, to: string): void {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL);
    const file = openSync(to, 'r+');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') rmSync(to, { force: true });
    throw error;
  }
}

/** Takes away what a kill left of making a database aside. */
export function clearLitter(location: string): void {
  const folder = dirname(location);
  const name = basename(location);
  try {
    for (const found of readdirSync(folder)) {
      if (!found.startsWith(name) || !LITTER.test(found.slice(name.length))) continue;
      const path = join(folder, found);
      if (Date.now() - statSync(path).mtimeMs > LITTER_AFTER_MS) rmSync(path, { force: true });
    }
  } catch {
    // It is in nobody's way.
  }
}
