import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { userForServer } from '../../scripts/postgres/installation';
import { freePort } from '../../scripts/postgres/server';
import { versionOf } from './shell';

/** Why tests of PgBouncer can't run here; undefined if they can. */
export const pgbouncerMissing = versionOf('pgbouncer') === '' ? 'no pgbouncer on this machine' : undefined;

const stops: (() => Promise<void>)[] = [];
afterAll(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

/**
 * Starts a PgBouncer in transaction mode before a server. It ends after the test file.
 * @param url a database, with the password of its user
 * @returns the URL of the same database through PgBouncer
 */
export async function startPgbouncer(url: string): Promise<string> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const folder = mkdtempSync(join(tmpdir(), 'proton-subgraph-pgbouncer-'));
  const users = join(folder, 'users');
  const settings = join(folder, 'pgbouncer.ini');
  const listenPort = await freePort();
  writeFileSync(users, `"${username}" "${decodeURIComponent(password)}"\n`);
  writeFileSync(
    settings,
    [
      '[databases]',
      `* = host=${hostname} port=${port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${String(listenPort)}`,
      'unix_socket_dir =',
      'auth_type = scram-sha-256',
      `auth_file = ${users}`,
      'pool_mode = transaction',
      // Fewer than the clients, so that transactions of one client run in different sessions.
      'default_pool_size = 4',
      'max_client_conn = 200',
    ].join('\n'),
  );
  // It does not run as root either.
  const user = process.getuid?.() === 0 ? userForServer() : undefined;
  if (user) {
    chmodSync(folder, 0o711);
    for (const file of [users, settings]) chownSync(file, user.uid, user.gid);
  }
  const child = spawn('pgbouncer', [settings], {
    ...user,
    cwd: tmpdir(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  stops.push(async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(folder, { recursive: true });
  });
  let printed = '';
  for await (const line of createInterface({ input: child.stderr })) {
    printed += `${line}\n`;
    if (!line.includes('process up')) continue;
    child.stderr.resume();
    return `postgres://${username}:${password}@127.0.0.1:${String(listenPort)}${pathname}`;
  }
  throw new Error(`pgbouncer did not start:\n${printed}`);
}
