import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readStoreConfig } from '../config/config';
import type { ImportStore } from '../control-plane/import/import-store';
import { copyDatabase } from '../control-plane/sqlite/file/copy-database';
import { StoreOpenError } from '../control-plane/store-errors';
import { codeOf } from '../control-plane/sqlite/errors';
import { openSqliteStore } from '../control-plane/sqlite/sqlite-store';
import type { Store } from '../control-plane/store';
import { CommandError, type CommandContext } from './command';
import { explainFileError, withTemporary } from './files';

/**
 * The path of the store's file, which may not exist.
 * @throws ConfigError
 * @throws CommandError when the connections are not in a file
 */
export function locateStore(env: CommandContext['env']): string {
  const store = readStoreConfig(env);
  if (store === undefined) {
    throw new CommandError(
      'PROTON_UPSTREAM is set, so the connections are kept elsewhere and this command has no store to work on. Unset it to use the store of DATABASE_URL.',
    );
  }
  if (store.kind === 'postgres')
    throw new CommandError('DATABASE_URL names a PostgreSQL database, which this command does not work on.');
  if (store.location === ':memory:') {
    throw new CommandError(
      'DATABASE_URL is sqlite::memory:, a store that ends with its process, so this command would have no effect. Set it to sqlite:PATH.',
    );
  }
  return store.location;
}

/** The path of the store's file. @throws ConfigError @throws CommandError when there is no such file */
export function locateExistingStore(env: CommandContext['env']): string {
  const location = locateStore(env);
  if (existsSync(location)) return location;
  throw new CommandError(
    `There is no database at ${location}. Set DATABASE_URL to the one that the server uses; a relative path is relative to the current folder.`,
  );
}

/**
 * Opens the store of DATABASE_URL. A running server may have it open, too.
 * @param missing what to do when the file does not exist
 * @throws ConfigError
 * @throws CommandError
 * @throws StoreOpenError
 */
export async function withStore<Result>(
  env: CommandContext['env'],
  missing: 'create' | 'fail',
  work: (store: Store) => Promise<Result>,
): Promise<Result> {
  const location = missing === 'create' ? locateStore(env) : locateExistingStore(env);
  const store = openSqliteStore({ location });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/**
 * Opens the store as `withStore` does, but creates a missing database only when the work calls `store`.
 * @throws ConfigError
 * @throws CommandError
 * @throws StoreOpenError
 */
export async function withStoreOnDemand<Result>(
  env: CommandContext['env'],
  work: (store: () => Store) => Promise<Result>,
): Promise<Result> {
  const location = locateStore(env);
  let store = existsSync(location) ? openSqliteStore({ location }) : undefined;
  try {
    return await work(() => (store ??= openSqliteStore({ location })));
  } finally {
    await store?.close();
  }
}

/**
 * For a dry run: opens a temporary copy of the store, or an empty store if there is none. The store itself is only read.
 * @throws ConfigError
 * @throws CommandError when the copy can't be created or written
 * @throws StoreOpenError
 */
export async function withStoreCopy<Result>(
  env: CommandContext['env'],
  work: (copy: () => Pick<Store, 'imports'>) => Promise<Result>,
): Promise<Result> {
  const location = locateStore(env);
  const folder = createTemporaryFolder();
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

function createTemporaryFolder(): string {
  try {
    // Synchronous, so that no signal can arrive before withTemporary has installed its handlers.
    return mkdtempSync(join(tmpdir(), 'proton-subgraph-dry-run-'));
  } catch (error) {
    throw copyError(explainFileError(error));
  }
}

function openCopy(location: string, path: string): Store {
  try {
    if (existsSync(location)) copyDatabase(location, path);
  } catch (error) {
    throw isFullDisk(error) ? copyError(NO_SPACE) : error;
  }
  try {
    return openSqliteStore({ location: path });
  } catch (error) {
    // The store was read without an error, so the cause is the temporary folder.
    throw isFullDisk(error) || error instanceof StoreOpenError
      ? copyError(`${NO_SPACE}, or its disk fails`)
      : error;
  }
}

/** Imports into the copy. A full disk is reported as an error of the temporary folder, not of the store. */
function explainingFullFolder(imports: ImportStore): ImportStore {
  const rethrow = (error: unknown) => {
    throw isFullDisk(error) ? copyError(NO_SPACE) : error;
  };
  return {
    async begin() {
      const connectionImport = await imports.begin();
      return {
        add: (records) => connectionImport.add(records).catch(rethrow),
        settle: (mode) => connectionImport.settle(mode).catch(rethrow),
        close: () => connectionImport.close(),
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

/** Codes of SQLite and the file system when a file can't grow: no space, a quota, or a limit on the file size. */
const FULL_DISK = /^(?:SQLITE_FULL|SQLITE_IOERR_(?:WRITE|TRUNCATE|FSYNC|DIR_FSYNC)|ENOSPC|EDQUOT|EFBIG)$/;

function isFullDisk(error: unknown): boolean {
  if (FULL_DISK.test(codeOf(error))) return true;
  return error instanceof Error && error.cause !== undefined && isFullDisk(error.cause);
}
