import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openSqliteStore, type SqliteStore } from '../../proton/embedded/sqlite/sqlite-store';
import { locateStore } from '../open-store';
import type { Surroundings } from '../surroundings';

/**
 * Lets work be done on a copy of the store, which is thrown away: what is done to it is what would be done, file after file, and
 * the store itself stays as it is. Where there is none yet, none is made.
 * @throws ConfigError
 * @throws CommandError
 * @throws StoreOpenError
 */
export async function rehearse<Answer>(
  env: Surroundings['env'],
  work: (copy: SqliteStore) => Promise<Answer>,
): Promise<Answer> {
  const location = locateStore(env);
  const folder = await mkdtemp(join(tmpdir(), 'proton-subgraph-dry-run-'));
  try {
    const path = join(folder, 'proton.db');
    if (existsSync(location)) await copyStore(location, path);
    const copy = openSqliteStore({ location: path });
    try {
      return await work(copy);
    } finally {
      await copy.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function copyStore(from: string, to: string): Promise<void> {
  const store = openSqliteStore({ location: from });
  try {
    store.copyTo(to);
  } finally {
    await store.close();
  }
}
