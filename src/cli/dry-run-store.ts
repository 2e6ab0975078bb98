import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { StoreConfig } from '../config/store';
import type { ConnectionRecord, ImportStore } from '../control-plane/import/import-store';
import { codeOf } from '../control-plane/sqlite/errors';
import { copyDatabase } from '../control-plane/sqlite/file/copy-database';
import { openSqliteStore } from '../control-plane/sqlite/sqlite-store';
import type { Store } from '../control-plane/store';
import { StoreOpenError } from '../control-plane/store-errors';
import { CommandError, type CommandContext } from './command';
import { explainFileError, withTemporary } from './files';
import { locateStore, withStore } from './open-store';

/**
 * For a dry run: opens a temporary copy of the store's connections, or an empty store if there is none. The store itself is only read.
 * @throws ConfigError
 * @throws CommandError when the copy can't be created or written
 * @throws StoreOpenError
 */
export async function withStoreCopy<Result>(
  env: CommandContext['env'],
  work: (copy: () => Promise<Pick<Store, 'imports'>>) => Promise<Result>,
): Promise<Result> {
  const config = locateStore(env);
  const folder = createTemporaryFolder();
  return withTemporary(folder, async () => {
    const copy = openCopy(config, join(folder, 'proton.db'));
    try {
      const imports = explainingFullFolder(copy.imports);
      if (config.kind === 'postgres') await copyConnections(env, imports);
      return await work(() => Promise.resolve({ imports }));
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

function openCopy(config: StoreConfig, path: string): Store {
  try {
    if (config.kind === 'sqlite' && existsSync(config.location)) copyDatabase(config.location, path);
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

/** Connections that are staged in one call. */
const BATCH = 1_000;

/** A PostgreSQL database is no file, so its connections are imported into the copy, as an export and an import would do. */
async function copyConnections(env: CommandContext['env'], copy: ImportStore): Promise<void> {
  await withStore(env, 'fail', async ({ exports }) => {
    const staged = await copy.begin();
    try {
      let records: ConnectionRecord[] = [];
      let record = 0;
      for await (const connection of exports.connections()) {
        record += 1;
        records.push({ kind: 'connection', location: { record }, connection });
        if (records.length < BATCH) continue;
        await staged.add(records);
        records = [];
      }
      await staged.add(records);
      await staged.settle('write');
    } finally {
      await staged.close();
    }
  });
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
