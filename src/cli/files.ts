import { randomUUID } from 'node:crypto';
import { mkdtempSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { codeOf } from '../control-plane/sqlite/errors';
import { syncFolder } from '../control-plane/sqlite/file/durable-files';

/** Whether the file system reported the error. Codes of Node.js itself, as in `ERR_STREAM_DESTROYED`, contain an underscore. */
export function isFileSystemError(error: unknown): boolean {
  return /^E[A-Z]+$/.test(codeOf(error));
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOSPC: 'the disk is full',
  EIO: 'the disk reports an error',
  EROFS: 'the disk is read-only',
  ENOTFILE: 'it is not a regular file',
};

/** What is wrong with a file, as a phrase that follows its name and a colon. */
export function explainFileError(error: unknown): string {
  const explanation = EXPLANATIONS[codeOf(error)];
  if (explanation !== undefined) return explanation;
  return error instanceof Error ? error.message : String(error);
}

/** The file that a path leads to through its links, even if that file does not exist. @throws the error of the file system */
export function linkTarget(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    try {
      return resolve(dirname(path), readlinkSync(path));
    } catch {
      return path;
    }
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Removes a temporary file or folder when the work is done or has failed, and also when a signal ends the process meanwhile.
 * @param path need not exist
 */
export async function withTemporary<Result>(
  path: string,
  work: (path: string) => Promise<Result>,
): Promise<Result> {
  const remove = () => {
    rmSync(path, { recursive: true, force: true });
  };
  const end = (signal: NodeJS.Signals) => {
    stopListening();
    remove();
    // Without a listener, the signal has its default effect: it ends the process.
    process.kill(process.pid, signal);
  };
  const stopListening = () => {
    for (const signal of SIGNALS) process.removeListener(signal, end);
  };
  for (const signal of SIGNALS) process.on(signal, end);
  try {
    return await work(path);
  } finally {
    stopListening();
    remove();
  }
}

/**
 * Creates a temporary folder for the work, which only this user can read.
 * @param prefix the path of the folder, which gets a unique ending
 */
export async function withTemporaryFolder<Result>(
  prefix: string,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  // Synchronous, so that no signal can arrive before withTemporary has installed its handlers.
  return withTemporary(mkdtempSync(prefix), work);
}

/** Permissions of a new file: only its owner can read the account ids and role ARNs in it. */
const NEW_FILE_MODE = 0o600;
const PERMISSION_BITS = 0o7777;

/**
 * Writes a file atomically: writes a temporary file beside it, flushes that to the disk, and renames it. After a failure, the old
 * file is unchanged. Keeps a link and replaces the file that it points to. Keeps the permissions of an existing file.
 * @throws the error of the file system
 */
export async function writeAtomically(
  path: string,
  pieces: Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  const target = linkTarget(path);
  const existing = await stat(target).catch(() => undefined);
  if (existing && !existing.isFile()) {
    throw Object.assign(new Error(`${path} is not a regular file`), {
      code: existing.isDirectory() ? 'EISDIR' : 'ENOTFILE',
    });
  }
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}.part`);
  await withTemporary(temporary, async () => {
    const file = await open(temporary, 'wx', NEW_FILE_MODE);
    try {
      if (existing) await file.chmod(existing.mode & PERMISSION_BITS);
      for await (const piece of pieces) await file.appendFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  });
  syncFolder(dirname(target));
}
