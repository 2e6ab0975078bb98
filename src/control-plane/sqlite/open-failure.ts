import { dirname, resolve } from 'node:path';

import { codeOf, messageOf } from './sqlite-error';

/** How long a start waits for another process that is migrating the same file. Nothing is served meanwhile. */
export const START_LOCK_TIMEOUT_MS = 5_000;

/** A file that can't serve as the store. The message names the file and what to do about it. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError';
}

const ELSEWHERE = 'or set DATABASE_URL to another file';

/** Says of a file that can't be opened what is wrong and what to do, in words for whoever set DATABASE_URL. */
export function explainOpenFailure(error: unknown, location: string): string {
  const code = codeOf(error);
  const reason = messageOf(error);
  const folder = dirname(resolve(location));
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) return damaged(location, reason);
  if (code.startsWith('SQLITE_BUSY')) {
    return `${location} has been locked by another process for ${String(START_LOCK_TIMEOUT_MS / 1000)} seconds. Stop that process, ${ELSEWHERE}.`;
  }
  if (code === 'SQLITE_READONLY_ROLLBACK') {
    return `${location} was left half written, and what was there before stands in its journal (-journal). Start the server with it once, which puts that back.`;
  }
  if (/^SQLITE_READONLY_(?:RECOVERY|CANTINIT|CANTLOCK)/.test(code)) {
    return `${location} can't be opened, as its log (-wal) or the log's index (-shm) can't be written to. Give this user the right to write both, ${ELSEWHERE}.`;
  }
  if (/^(?:SQLITE_READONLY|EROFS|EACCES|EPERM)/.test(code)) {
    return `${location} can't be written to. Give this user the right to write the file and its folder, ${ELSEWHERE}.`;
  }
  if (isFull(code)) {
    return `${location} can't be opened: no space left on device, in the folder ${folder} (${reason}). Make some, ${ELSEWHERE}.`;
  }
  if (code.startsWith('SQLITE_IOERR')) {
    return `${location} can't be opened: no space left on device, in the folder ${folder}, or the disk fails (${reason}, ${code}). Make some, or see to the disk, ${ELSEWHERE}.`;
  }
  if (code === 'ELOOP') {
    return `${location} can't be opened: its symbolic links lead round in a circle. Mend them, ${ELSEWHERE}.`;
  }
  return `${location} can't be opened (${reason}). Check that its folder exists, has space, and lets this user write, ${ELSEWHERE}.`;
}

/** @param code what SQLite or the file system calls an error */
export function isFull(code: string): boolean {
  return /^(?:SQLITE_FULL|SQLITE_IOERR_SHMSIZE|ENOSPC|EDQUOT)/.test(code);
}

export function damaged(location: string, reason: string): string {
  return `${location} is not a SQLite database, or is damaged (${reason}). Restore it from a backup, ${ELSEWHERE}; this one is left as it is.`;
}
