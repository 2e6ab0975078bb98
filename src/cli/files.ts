import { randomUUID } from 'node:crypto';
import { constants, rmSync } from 'node:fs';
import { open, readlink, realpath, rename, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * The code of an error that the operating system reported, as in `ENOENT`; undefined for an error without one. Told by its code
 * and not by its class, which may be of another realm.
 */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder',
  ENOTDIR: 'its path leads through something that is no folder',
  EACCES: 'this user has no right to it',
  EPERM: 'this user has no right to it',
  ENOSPC: 'the disk is full',
  EIO: 'the disk reports an error',
  EROFS: 'the disk can only be read',
  ENOTFILE: 'it is no regular file',
};

/** What is wrong with a file, as a phrase that follows its name and a colon. */
export function explainFileError(error: unknown): string {
  const explained = EXPLANATIONS[codeOf(error) ?? ''];
  if (explained !== undefined) return explained;
  return error instanceof Error ? error.message : String(error);
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Does work that has a file or a folder for as long as it takes, and sees to it that it is gone afterwards: when the work is done,
 * when it fails, and when the process is told to end meanwhile, which it then does by that signal.
 * @param path what is removed; nothing need be there
 */
export async function withTemporary<Answer>(
  path: string,
  work: (path: string) => Promise<Answer>,
): Promise<Answer> {
  const remove = () => {
    rmSync(path, { recursive: true, force: true });
  };
  const end = (signal: NodeJS.Signals) => {
    stopListening();
    remove();
    // With nobody listening any more, it does what it does everywhere: it ends the process.
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

/** Who may read a file that did not exist: its owner. It names accounts and roles. */
const MODE = 0o600;
const PERMISSIONS = 0o7777;

/**
 * Writes a file beside the one that is meant and puts it in its place when it is complete and on the disk: whatever happens, there
 * is the old file or the new one, and never half of it. A link stays, and what it points to is replaced; who may read the old file
 * may read the new one.
 * @throws the error of the file system
 */
export async function writeInPlace(path: string, pieces: Iterable<string>): Promise<void> {
  const target = await targetOf(path);
  const there = await stat(target).catch(() => undefined);
  if (there && !there.isFile()) {
    throw Object.assign(new Error(`${path} is no file`), {
      code: there.isDirectory() ? 'EISDIR' : 'ENOTFILE',
    });
  }
  const beside = join(dirname(target), `.${basename(target)}.${randomUUID()}.part`);
  await withTemporary(beside, async () => {
    const file = await open(beside, 'wx', MODE);
    try {
      if (there) await file.chmod(there.mode & PERMISSIONS);
      for (const piece of pieces) await file.appendFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, target);
  });
  await syncFolder(dirname(target));
}

/** What a path leads to in the end, even if that is not there yet. */
async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    const link = await readlink(path).catch(() => undefined);
    return link === undefined ? path : resolve(dirname(path), link);
  }
}

/** Until then the new name may be lost with the power. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
