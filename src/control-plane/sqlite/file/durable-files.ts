import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
} from 'node:fs';
import { dirname } from 'node:path';

import { codeOf } from '../errors';

/** What SQLite keeps beside a database file: the journal, the log and the log's index. */
export const SIDE_FILE_ENDINGS = ['-journal', '-wal', '-shm'] as const;

/** Removes a database file and what SQLite keeps beside it. */
export function removeDatabase(path: string): void {
  for (const ending of ['', ...SIDE_FILE_ENDINGS]) rmSync(path + ending, { force: true });
}

/**
 * Gives a finished file its final name, once its bytes are on the disk. Another file of that name is never replaced.
 * @throws what the file system reports, `EEXIST` when the name is taken
 */
export function giveName(finished: string, name: string): void {
  syncFile(finished);
  syncFolder(dirname(finished));
  try {
    linkSync(finished, name);
  } catch (error) {
    if (!isLinkUnsupported(error)) throw error;
    copyWhole(finished, name);
  }
  syncFolder(dirname(name));
}

/** Some file systems give a file one name only. */
export function isLinkUnsupported(error: unknown): boolean {
  return /^(?:EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS)$/.test(codeOf(error));
}

/** Only a kill in the middle leaves a part of the file, which the next start refuses. */
function copyWhole(from: string, to: string): void {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL);
    syncFile(to);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') rmSync(to, { force: true });
    throw error;
  }
}

/** Makes a folder and those above it, so that they are still there after a loss of power. */
export function makeFolder(folder: string): void {
  const first = mkdirSync(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) syncFolder(dirname(made));
}

function syncFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Until then a new name may be lost with the power. Some file systems can't sync a folder, which SQLite passes over as well. */
export function syncFolder(path: string): void {
  try {
    const folder = openSync(path, constants.O_RDONLY);
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch (error) {
    if (/^(?:EIO|ENOSPC|EDQUOT)$/.test(codeOf(error))) throw error;
  }
}
