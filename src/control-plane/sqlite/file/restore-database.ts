import {
  chmodSync,
  chownSync,
  createReadStream,
  createWriteStream,
  existsSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { pipeline } from 'node:stream/promises';

import BetterSqlite3 from 'better-sqlite3';

import { StoreOpenError } from '../errors';
import { keep } from '../pin-native';
import type { OnProgress } from './backup-database';
import { checkCopy, type StoreContents } from './check-copy';
import { lockExclusively } from './exclusive-lock';
import { checkSoundness, judge } from './inspect-database';
import { replaceDatabase, type Move } from './replace-database';
import { isLogDamaged } from './wal-check';

/** What is read of a backup: the file, and what a crash or a plain copy may have left beside it. */
const SOURCE_ENDINGS = ['', '-journal', '-wal'] as const;

export interface RestoreResult {
  readonly contents: StoreContents;
  /** The old files: where each was, and where it is now. */
  readonly moved: readonly Move[];
}

/**
 * Puts a copy of a backup in the place of the store. The old files are moved to names beside it. When anything fails, all is as it was.
 * @param location of the store, with no link left to follow
 * @param temporary a path in the same file system as the store, where nothing is; what is left there is the caller's to remove
 * @throws StoreOpenError while another process has the store open, or when the backup can't serve as a store
 * @throws what the file system reports
 */
export async function restoreDatabase(
  {
    from,
    location,
    temporary,
  }: { readonly from: string; readonly location: string; readonly temporary: string },
  onProgress: OnProgress,
): Promise<RestoreResult> {
  const old = statSync(location, { throwIfNoEntry: false });
  const unlock = old ? lockExclusively(location, `${temporary}-lock`) : () => undefined;
  try {
    await copySource(realpathSync(from), temporary, onProgress);
    const contents = checkCopy(temporary, from);
    if (old) keepAccess(temporary, old);
    const moved = replaceDatabase(temporary, location, () => {
      checkPlaced(location);
    });
    return { contents, moved };
  } finally {
    unlock();
  }
}

/** Byte by byte, so that the backup stays as it is, and may be where nothing can be written. */
async function copySource(source: string, to: string, onProgress: OnProgress): Promise<void> {
  const log = `${source}-wal`;
  if (isLogDamaged(log)) {
    throw new StoreOpenError(`${log}, the log of the backup ${source}, is damaged. Use another backup.`);
  }
  const files = SOURCE_ENDINGS.filter((ending) => existsSync(source + ending));
  const before = stateOf(source);
  const total = files.reduce((sum, ending) => sum + statSync(source + ending).size, 0);
  const { mode } = statSync(source);
  let done = 0;
  for (const ending of files) {
    await pipeline(
      createReadStream(source + ending),
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          yield chunk;
          done += chunk.length;
          onProgress(done, total);
        }
      },
      createWriteStream(to + ending, { flags: 'wx', mode }),
    );
  }
  if (stateOf(source) === before) return;
  throw new StoreOpenError(
    `${source} changed while it was copied, so another process has it open. Make a backup of it with \`proton-subgraph backup\`, and restore that.`,
  );
}

function stateOf(source: string): string {
  return SOURCE_ENDINGS.map((ending) => {
    const found = statSync(source + ending, { bigint: true, throwIfNoEntry: false });
    return found ? `${String(found.size)}:${String(found.mtimeNs)}` : '-';
  }).join();
}

/** The server of the old file must be able to read and write the new one. */
function keepAccess(path: string, { mode, uid, gid }: { mode: number; uid: number; gid: number }): void {
  const made = statSync(path);
  try {
    if (made.uid !== uid || made.gid !== gid) chownSync(path, uid, gid);
  } catch (error) {
    if (made.uid !== uid) {
      throw new StoreOpenError(
        `The store belongs to the user ${String(uid)}, to whom this user can't give a file. Restore it as that user, or as root.`,
        { cause: error },
      );
    }
  }
  chmodSync(path, mode & 0o7777);
}

/** @throws StoreOpenError unless the new file is what a start takes for a store */
function checkPlaced(location: string): void {
  const database = keep(new BetterSqlite3(location, { fileMustExist: true }));
  try {
    judge(database, location);
    checkSoundness(database, location);
  } finally {
    database.close();
  }
}
