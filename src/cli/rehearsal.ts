import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { copyDatabase } from '../control-plane/sqlite/file/copy-database';
import { openSqliteStore, type SqliteStore } from '../control-plane/sqlite/sqlite-store';
import { explainFileError } from './files';
import { locateStore } from './open-store';
import { CommandError, type Surroundings } from './command';
import { withTemporary } from './temporary';

/**
 * Lets work be done on a copy of the store, which is thrown away: what is done to it is what would be done, file after file, and
 * the store itself is only read. Where there is none yet, none is made.
 * @throws ConfigError
 * @throws CommandError when there is no room for the copy
 * @throws StoreOpenError
 */
export async function rehearse<Answer>(
  env: Surroundings['env'],
  work: (copy: () => SqliteStore) => Promise<Answer>,
): Promise<Answer> {
  const location = locateStore(env);
  const folder = temporaryFolder();
  return withTemporary(folder, async () => {
    const path = join(folder, 'proton.db');
    if (existsSync(location)) copyDatabase(location, path);
    const copy = openSqliteStore({ location: path });
    try {
      return await work(() => copy);
    } finally {
      await copy.close();
    }
  });
}

function temporaryFolder(): string {
  try {
    // Made and watched over in one go: no signal can come between.
    return mkdtempSync(join(tmpdir(), 'proton-subgraph-dry-run-'));
  } catch (error) {
    throw new CommandError(
      `A dry run works on a copy of the store, which can't be made in ${tmpdir()}: ${explainFileError(error)}. Set TMPDIR to another folder.`,
    );
  }
}
