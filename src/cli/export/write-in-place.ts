import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file beside the one that is meant and puts it in its place when it is complete and on the disk: whatever happens, there
 * is the old file or the new one, and never half of it.
 * @throws the error of the file system
 */
export async function writeInPlace(path: string, pieces: Iterable<string>): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there && !there.isFile()) {
    throw Object.assign(new Error(`${path} is no file`), {
      code: there.isDirectory() ? 'EISDIR' : 'ENOTFILE',
    });
  }
  const beside = join(dirname(path), `.${basename(path)}.${String(process.pid)}.part`);
  const file = await open(beside, 'wx');
  try {
    try {
      for (const piece of pieces) await file.appendFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
