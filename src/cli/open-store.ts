import { existsSync } from 'node:fs';

import { readStoreConfig } from '../config/config';
import { openSqliteStore, type SqliteStore } from '../control-plane/sqlite/sqlite-store';
import { CommandError, type Surroundings } from './command';

/**
 * The file that holds the store.
 * @throws ConfigError
 * @throws CommandError when the connections are not in a file of ours
 */
export function locateStore(env: Surroundings['env']): string {
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
  env: Surroundings['env'],
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
  env: Surroundings['env'],
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
