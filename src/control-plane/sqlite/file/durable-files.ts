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

/** The files that SQLite keeps beside a database: the journal, the log and the log's index. */
export const SIDE_FILE_ENDINGS = ['-journal', '-wal', '-shm'] as const;

/** Removes a database file and its side files. */
export function removeDatabase(path: string): void {
  for (const ending of ['', ...SIDE_FILE_ENDINGS]) rmSync(path + ending, { force: true });
}

/**
 * Gives a finished file a further name, durably: first its content reaches the disk, then the name. Never replaces a file.
 * @throws the file system's error, `EEXIST` when the name is taken
 */
export function publishFile(finished: string, name: string): void {
  syncFile(finished);
  syncFolder(dirname(finished));
  try {
    linkSync(finished, name);
  } catch (error) {
    if (!isLinkUnsupported(error)) throw error;
    copyDurably(finished, name);
  }
  syncFolder(dirname(name));
}

/** Some file systems have no hard links. */
export function isLinkUnsupported(error: unknown): boolean {
  return /^(?:EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS)$/.test(codeOf(error));
}

/** A kill in the middle leaves an incomplete file, which the next start refuses. */
function copyDurably(from: string, to: string): void {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL);
    syncFile(to);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') rmSync(to, { force: true });
    throw error;
  }
}

/** Creates a folder and its parents, durably: they survive a loss of power. */
export function makeFolder(folder: string): void {
  const first = mkdirSync(folder, { recursive: true });
  if (first === undefined) return;
  for (let created = folder; created.length >= first.length; created = dirname(created)) {
    syncFolder(dirname(created));
  }
}

function syncFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes the names in a folder durable. Ignores file systems that can't sync a folder, as SQLite does. */
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
