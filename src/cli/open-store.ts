import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readStoreConfig } from '../config/config';
import type { ImportStore } from '../control-plane/import/import-store';
import { copyDatabase } from '../control-plane/sqlite/file/copy-database';
import { StoreOpenError } from '../control-plane/sqlite/file/open-database';
import { openSqliteStore, type SqliteStore } from '../control-plane/sqlite/sqlite-store';
import { type CommandContext, CommandError } from './command';
import { codeOf, explainFileError, withTemporary } from './files';

/**
 * The file that holds the store.
 * @throws ConfigError
 * @throws CommandError when the connections are not in a file of ours
 */
export function locateStore(env: CommandContext['env']): string {
  const store = readStoreConfig(env);
  if (store.kind !== 'embedded') {
    throw new CommandError(
      'PROTON_UPSTREAM is set, so the connections are kept elsewhere and this command has no store to work on. Unset it to work on the one of DATABASE_URL.',
    );
  }
  if (store.location === ':memory:') {
    throw new CommandError(
      'DATABASE_URL is sqlite::memory:, a store that ends with its process, so nothing that this command does would last. Set it to sqlite:PATH.',
    );
  }
  return store.location;
}

/**
 * Opens the store of DATABASE_URL, which a running server may have open as well.
 * @param create whether to make the file where there is none
 * @throws ConfigError
 * @throws CommandError
 * @throws StoreOpenError
 */
export async function withStore<Answer>(
  env: CommandContext['env'],
  create: 'create' | 'must exist',
  work: (store: SqliteStore) => Promise<Answer>,
): Promise<Answer> {
  const location = locateStore(env);
  if (create === 'must exist' && !existsSync(location)) {
    throw new CommandError(
      `There is no database at ${location}. Set DATABASE_URL to the one that the server uses; a relative path begins where the command runs.`,
    );
  }
  const store = openSqliteStore({ location });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/**
 * The same, for work that may find that it has nothing to store: where there is no database, none is made before it is asked for.
 * @throws ConfigError
 * @throws CommandError
 * @throws StoreOpenError
 */
export async function withStoreAtNeed<Answer>(
  env: CommandContext['env'],
  work: (store: () => SqliteStore) => Promise<Answer>,
): Promise<Answer> {
  const location = locateStore(env);
  let store = existsSync(location) ? openSqliteStore({ location }) : undefined;
  try {
    return await work(() => (store ??= openSqliteStore({ location })));
  } finally {
    await store?.close();
  }
}

/**
 * Does work on a copy of the store, which is removed afterwards. The store itself is only read. When it does not exist, the copy
 * is an empty store.
 * @throws ConfigError
 * @throws CommandError when the copy can't be made or written
 * @throws StoreOpenError
 */
export async function rehearse<Result>(
  env: CommandContext['env'],
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
