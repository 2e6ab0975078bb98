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

import { StoreOpenError } from '../../store-errors';
import { pin } from '../pin-native';
import type { OnProgress } from './backup-database';
import { checkCopy, type StoreContents } from './copy-database';
import { lockExclusively } from './exclusive-lock';
import { checkIntegrity, readSchemaVersion } from './inspect-database';
import { replaceDatabase, type Move } from './replace-database';
import { isWalDamaged } from './wal-check';

/** The files of a backup: the database, and a journal or log that a crash or a plain copy left beside it. */
const SOURCE_ENDINGS = ['', '-journal', '-wal'] as const;

export interface RestoreResult {
  readonly contents: StoreContents;
  /** The old files, with their old and new paths. */
  readonly moved: readonly Move[];
}

/**
 * Replaces the store with a copy of a backup. The old files are moved to other names beside it. A failure changes nothing.
 * @param location of the store, with symbolic links resolved
 * @param temporary a path in the same file system as the store, where nothing exists. The caller removes what is left there.
 * @throws StoreOpenError while another process has the store open, or when the backup can't be used as a store
 * @throws the file system's error
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
    if (old) copyAccess(temporary, old);
    const moved = replaceDatabase(temporary, location, () => {
      checkRestored(location);
    });
    return { contents, moved };
  } finally {
    unlock();
  }
}

/** Copies files, without SQLite: the backup stays unchanged, and may be on a read-only disk. */
async function copySource(source: string, to: string, onProgress: OnProgress): Promise<void> {
  const log = `${source}-wal`;
  if (isWalDamaged(log)) {
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

/** Gives the new file the old one's owner and mode, so that the server can read and write it. */
function copyAccess(path: string, { mode, uid, gid }: { mode: number; uid: number; gid: number }): void {
  const created = statSync(path);
  try {
    if (created.uid !== uid || created.gid !== gid) chownSync(path, uid, gid);
  } catch (error) {
    if (created.uid !== uid) {
      throw new StoreOpenError(
        `The store belongs to the user ${String(uid)}, to whom this user can't give a file. Restore it as that user, or as root.`,
        { cause: error },
      );
    }
  }
  chmodSync(path, mode & 0o7777);
}

/** @throws StoreOpenError unless a start would accept the new file */
function checkRestored(location: string): void {
  const database = pin(new BetterSqlite3(location, { fileMustExist: true }));
  try {
    readSchemaVersion(database, location);
    checkIntegrity(database, location);
  } finally {
    database.close();
  }
}
