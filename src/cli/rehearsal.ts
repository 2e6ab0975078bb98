import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ImportStore } from '../control-plane/import/import-store';
import { copyDatabase } from '../control-plane/sqlite/file/copy-database';
import { StoreOpenError } from '../control-plane/sqlite/errors';
import { openSqliteStore, type SqliteStore } from '../control-plane/sqlite/sqlite-store';
import { CommandError, type Surroundings } from './command';
import { codeOf, explainFileError } from './files';
import { locateStore } from './open-store';
import { withTemporary } from './temporary';

/**
 * Does work on a copy of the store, which is removed afterwards. The store itself is only read. When it does not exist, the copy
 * is an empty store.
 * @throws ConfigError
 * @throws CommandError when the copy can't be made or written
 * @throws StoreOpenError
 */
export async function rehearse<Result>(
  env: Surroundings['env'],
  work: (copy: () => Pick<SqliteStore, 'imports'>) => Promise<Result>,
): Promise<Result> {
  const location = locateStore(env);
  const folder = temporaryFolder();
  return withTemporary(folder, async () => {
    const copy = openCopy(location, join(folder, 'proton.db'));
    try {
      const imports = explainingFullFolder(copy.imports);
      return await work(() => ({ imports }));
    } finally {
      await copy.close();
    }
  });
}

function temporaryFolder(): string {
  try {
    // In the same tick as the signal handlers of withTemporary, so that a signal can't leave the folder behind.
    return mkdtempSync(join(tmpdir(), 'proton-subgraph-dry-run-'));
  } catch (error) {
    throw copyError(explainFileError(error));
  }
}

function openCopy(location: string, path: string): SqliteStore {
  try {
    if (existsSync(location)) copyDatabase(location, path);
  } catch (error) {
    throw isFullDisk(error) ? copyError(NO_SPACE) : error;
  }
  try {
    return openSqliteStore({ location: path });
  } catch (error) {
    // The store was read without an error, so whatever is wrong with the copy comes from the folder that it is in.
    throw isFullDisk(error) || error instanceof StoreOpenError
      ? copyError(`${NO_SPACE}, or its disk fails`)
      : error;
  }
}

/** Imports into the copy fail like imports into the store. Their errors must not name the store's disk, which is not written. */
function explainingFullFolder(imports: ImportStore): ImportStore {
  const explained = (error: unknown) => {
    throw isFullDisk(error) ? copyError(NO_SPACE) : error;
  };
  return {
    begin() {
      const importing = imports.begin();
      return {
        add: (records) => importing.add(records).catch(explained),
        settle: (manner) => importing.settle(manner).catch(explained),
        close: () => {
          importing.close();
        },
      };
    },
  };
}

const NO_SPACE = 'there is no space left';

function copyError(reason: string): CommandError {
  return new CommandError(
    `A dry run works on a copy of the store, which can't be made in ${tmpdir()}: ${reason}. Make space there, or set TMPDIR to another folder.`,
  );
}

/** How SQLite and the file system report that a file can't grow: no space, a quota, or a limit on its size. */
const FULL_DISK = /^(?:SQLITE_FULL|SQLITE_IOERR_(?:WRITE|TRUNCATE|FSYNC|DIR_FSYNC)|ENOSPC|EDQUOT|EFBIG)$/;

function isFullDisk(error: unknown): boolean {
  if (FULL_DISK.test(codeOf(error) ?? '')) return true;
  return error instanceof Error && error.cause !== undefined && isFullDisk(error.cause);
}
