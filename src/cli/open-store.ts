import { existsSync } from 'node:fs';

import { readStoreConfig } from '../config/config';
import type { PostgresStoreConfig, SqliteStoreConfig, StoreConfig } from '../config/store';
import { openPostgresStore } from '../control-plane/postgres/postgres-store';
import { openSqliteStore } from '../control-plane/sqlite/sqlite-store';
import type { Store } from '../control-plane/store';
import { CommandError, type CommandContext } from './command';

type Environment = CommandContext['env'];

/**
 * Where the connections are kept. A SQLite file may not exist.
 * @throws ConfigError
 * @throws CommandError when commands can't work on the store
 */
export function locateStore(env: Environment): StoreConfig {
  const store = readStoreConfig(env);
  if (store === undefined) {
    throw new CommandError(
      'PROTON_UPSTREAM is set, so the connections are kept elsewhere and this command has no store to work on. Unset it to use the store of DATABASE_URL.',
    );
  }
  if (store.kind === 'sqlite' && store.location === ':memory:') {
    throw new CommandError(
      'DATABASE_URL is sqlite::memory:, a store that ends with its process, so this command would have no effect. Set it to sqlite:PATH.',
    );
  }
  return store;
}

/**
 * The path of the store's file, which may not exist.
 * @param instead what does the same for a PostgreSQL database
 * @throws ConfigError
 * @throws CommandError when the store is no file
 */
export function locateFile(env: Environment, instead: string): string {
  const store = locateStore(env);
  if (store.kind === 'sqlite') return store.location;
  throw new CommandError(
    `This command works on SQLite files, and DATABASE_URL names a PostgreSQL database. ${instead}`,
  );
}

/** @throws CommandError when the store's file does not exist */
export function refuseMissingFile(location: string): void {
  if (existsSync(location)) return;
  throw new CommandError(
    `There is no database at ${location}. Set DATABASE_URL to the one that the server uses; a relative path is relative to the current folder.`,
  );
}

/**
 * Opens the store of DATABASE_URL. A running server may have it open, too.
 * @param missing what to do when the file, or the schema in the PostgreSQL database, does not exist
 * @throws ConfigError
 * @throws CommandError
 * @throws StoreOpenError
 */
export async function withStore<Result>(
  env: Environment,
  missing: 'create' | 'fail',
  work: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await openStore(locateStore(env), missing);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/**
 * Opens the store as `withStore` does, but creates a missing file only when the work calls `store`.
 * @throws ConfigError
 * @throws CommandError
 * @throws StoreOpenError
 */
export async function withStoreOnDemand<Result>(
  env: Environment,
  work: (store: () => Promise<Store>) => Promise<Result>,
): Promise<Result> {
  const config = locateStore(env);
  const isMissing = config.kind === 'sqlite' && !existsSync(config.location);
  let store = isMissing ? undefined : await openStore(config, 'create');
  try {
    return await work(async () => (store ??= await openStore(config, 'create')));
  } finally {
    await store?.close();
  }
}

async function openStore(config: StoreConfig, missing: 'create' | 'fail'): Promise<Store> {
  return config.kind === 'sqlite' ? openFile(config, missing) : openDatabase(config, missing);
}

function openFile(config: SqliteStoreConfig, missing: 'create' | 'fail'): Store {
  if (missing === 'fail') refuseMissingFile(config.location);
  return openSqliteStore(config);
}

function openDatabase(config: PostgresStoreConfig, missing: 'create' | 'fail'): Promise<Store> {
  return openPostgresStore({ ...config, migrate: missing === 'create' && config.migrateOnStart });
}
