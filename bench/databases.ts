import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client } from 'pg';

import { findPostgres } from '../scripts/postgres/installation';
import { startPostgres } from '../scripts/postgres/server';
import { readConfig } from '../src/config/config';
import { openPostgresStore } from '../src/control-plane/postgres/postgres-store';
import type { Connection } from '../src/proton/connection';
import { fillStore } from './rows';

/** A PostgreSQL of the bench, with its default settings: a commit is on the disk before it is acknowledged. */
export interface Databases {
  readonly urlOf: (name: string) => string;
  /** Creates a database with a store, and fills it, unless it exists. */
  readonly fill: (name: string, connections: readonly Connection[]) => Promise<void>;
  /** Copies a database that no process has open. Replaces an earlier copy with the same name. @returns the URL of the copy */
  readonly copyOf: (name: string, copy: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** @param folder where its data go, if the user who runs PostgreSQL may enter it; otherwise into the system's temporary folder */
export async function startDatabases(folder: string): Promise<Databases> {
  const installation = findPostgres();
  const { user } = installation;
  const inFolder = join(folder, 'postgres');
  mkdirSync(inFolder);
  const canEnter = !user || spawnSync('test', ['-x', inFolder], { ...user, cwd: tmpdir() }).status === 0;
  const server = await startPostgres(installation, canEnter ? { dataFolder: join(inFolder, 'data') } : {});
  const filled = new Set<string>();
  const urlOf = (name: string) =>
    Object.assign(new URL(server.url), { pathname: `/${databaseOf(name)}` }).href;

  return {
    urlOf,

    async fill(name, connections) {
      if (filled.has(name)) return;
      await run(server.url, `CREATE DATABASE "${databaseOf(name)}"`);
      const { proton } = readConfig({ DATABASE_URL: urlOf(name) });
      if (proton.kind !== 'embedded' || proton.store.kind !== 'postgres') throw new Error('not PostgreSQL');
      await fillStore(await openPostgresStore({ ...proton.store, migrate: true }), connections);
      // Otherwise the server does so by itself, in the middle of a trial.
      await run(urlOf(name), 'VACUUM ANALYZE');
      await run(server.url, 'CHECKPOINT');
      filled.add(name);
    },

    async copyOf(name, copy) {
      await run(server.url, `DROP DATABASE IF EXISTS "${databaseOf(copy)}" WITH (FORCE)`);
      await run(server.url, `CREATE DATABASE "${databaseOf(copy)}" TEMPLATE "${databaseOf(name)}"`);
      return urlOf(copy);
    },

    async stop() {
      await server.stop();
      installation.remove();
    },
  };
}

/** The server has a database `postgres` of its own. */
function databaseOf(name: string): string {
  return `bench-${name}`;
}

async function run(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
