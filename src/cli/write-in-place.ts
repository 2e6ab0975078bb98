import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readlink, realpath, rename, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { codeOf } from './files';
import { withTemporary } from './temporary';

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
