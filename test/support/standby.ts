import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, chownSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client } from 'pg';

import type { PostgresServer } from '../../scripts/postgres/server';
import { startOwnPostgres } from './postgres';

/**
 * Starts a standby of a server, which follows it and can be read. It ends with the test file.
 * @returns the standby, with the same users and databases. `url` has the password of the primary.
 */
export async function startStandby(
  primary: PostgresServer,
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const parent = mkdtempSync(join(tmpdir(), 'proton-subgraph-standby-'));
  folders.push(parent);
  const dataFolder = join(parent, 'data');
  const { uid, gid } = statSync(primary.dataFolder);
  chmodSync(parent, 0o711);
  mkdirSync(dataFolder, { mode: 0o700 });
  chownSync(dataFolder, uid, gid);
  await copyWhileItRuns(primary, dataFolder);
  const { port, username, password } = new URL(primary.url);
  appendFileSync(
    join(dataFolder, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=127.0.0.1 port=${port} user=${username} password=${password}'\n`,
  );
  appendFileSync(join(dataFolder, 'standby.signal'), '');
  for (const file of ['backup_label', 'standby.signal']) chownSync(join(dataFolder, file), uid, gid);
  const standby = await startOwnPostgres({ dataFolder, settings });
  return { ...standby, url: Object.assign(new URL(primary.url), { port: String(standby.port) }).href };
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** The backup's end must be noted in the copy, so both functions run in one session. */
async function copyWhileItRuns({ url, dataFolder }: PostgresServer, target: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("SELECT pg_backup_start('standby', true)");
    // Node's own copy would belong to the user of this process. A file that the server deletes meanwhile is not needed.
    spawnSync('cp', ['-a', `${dataFolder}/.`, target]);
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    rmSync(join(target, 'postmaster.pid'), { force: true });
    appendFileSync(join(target, 'backup_label'), rows[0]?.labelfile ?? '');
  } finally {
    await client.end();
  }
}
