import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runWhenThisProcessEnds } from './process-end';
import { PostgresMissing, type PostgresInstallation, type PostgresUser } from './installation';

export interface PostgresServer {
  /** The URL of the database `postgres`, as a superuser. */
  readonly url: string;
  readonly port: number;
  /** The id of the first process of the server, which starts the others. */
  readonly pid: number;
  readonly dataFolder: string;
  /** Resolves when the server has ended, for any reason. */
  readonly exited: Promise<unknown>;
  /** Ends the server and its sessions. */
  readonly stop: () => Promise<void>;
}

export interface PostgresServerOptions {
  /** Created when it is missing, and kept. By default a temporary folder. */
  readonly dataFolder?: string;
  /** The password of the superuser of a new data folder. By default a random one. */
  readonly password?: string;
  /** The settings of postgresql.conf that differ from their defaults. */
  readonly settings?: Readonly<Record<string, string>>;
  /** By default a free port. */
  readonly port?: number;
}

/**
 * Starts a PostgreSQL that listens on a port of 127.0.0.1 and ends with this process, even when this process is killed.
 * @throws PostgresMissing when it does not start
 */
export async function startPostgres(
  installation: PostgresInstallation,
  options: PostgresServerOptions = {},
): Promise<PostgresServer> {
  const { password = randomBytes(12).toString('hex'), settings = {} } = options;
  const temporary = mkdtempSync(join(tmpdir(), 'proton-subgraph-postgres-data-'));
  const dataFolder = options.dataFolder ?? join(temporary, 'data');
  const removeTemporary = () => {
    rmSync(temporary, { recursive: true, force: true });
  };
  try {
    if (installation.user) chmodSync(temporary, 0o711);
    if (!existsSync(join(dataFolder, 'PG_VERSION')))
      createDataFolder(installation, { dataFolder, password, temporary });
    const { child, port } = await startOnPort(installation, dataFolder, settings, options.port);
    const exited = once(child, 'exit');
    const watcher = runWhenThisProcessEnds(END_SERVER, String(child.pid), temporary);
    return {
      url: `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${String(port)}/postgres`,
      port,
      pid: child.pid ?? 0,
      dataFolder,
      exited,
      async stop() {
        // The fast shutdown: sessions are ended, and what they have committed is written.
        child.kill('SIGINT');
        child.ref();
        await exited;
        watcher.cancel();
        removeTemporary();
      },
    };
  } catch (error) {
    removeTemporary();
    throw error;
  }
}

/** Ends the server ($1) and deletes its temporary folder ($2). */
const END_SERVER = 'kill -INT "$1"; while kill -0 "$1"; do sleep 0.1; done; rm -rf "$2"';

function createDataFolder(
  { bin, user }: PostgresInstallation,
  { dataFolder, password, temporary }: { dataFolder: string; password: string; temporary: string },
): void {
  mkdirSync(dataFolder, { recursive: true });
  chmodSync(dataFolder, 0o700);
  const passwordFile = join(temporary, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user) for (const path of [dataFolder, passwordFile]) chownSync(path, user.uid, user.gid);
  const { status, error, stderr } = spawnSync(
    join(bin, 'initdb'),
    [
      '-D',
      dataFolder,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // Indexes on text must not depend on the libraries of a machine.
      '--locale=C',
      '--no-sync',
      '--no-instructions',
    ],
    { ...processOptions(user), encoding: 'utf8' },
  );
  rmSync(passwordFile);
  if (status !== 0)
    throw new PostgresMissing(`initdb failed: ${(error?.message ?? stderr.trim()) || String(status)}`);
}

/** Another process may take a free port before the server does. */
const ATTEMPTS = 5;

async function startOnPort(
  installation: PostgresInstallation,
  dataFolder: string,
  settings: Readonly<Record<string, string>>,
  fixedPort: number | undefined,
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = fixedPort ?? (await freePort());
    const started = await startProcess(installation, dataFolder, { ...settings, port: String(port) });
    if ('child' in started) return { child: started.child, port };
    const isTaken = started.output.includes('could not bind');
    if (!isTaken || fixedPort !== undefined || attempt === ATTEMPTS)
      throw new PostgresMissing(`PostgreSQL did not start: ${started.output.trim()}`);
  }
}

async function startProcess(
  { bin, user }: PostgresInstallation,
  dataFolder: string,
  settings: Readonly<Record<string, string>>,
): Promise<{ readonly child: ChildProcess } | { readonly output: string }> {
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings };
  const child = spawn(
    join(bin, 'postgres'),
    ['-D', dataFolder, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    // Ctrl-C in a terminal must not reach the server before the processes that use it have ended.
    { ...processOptions(user), detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr.setEncoding('utf8');
  const isReady = await new Promise<boolean>((resolve) => {
    const onData = (chunk: string) => {
      output += chunk;
      if (!/ready to accept (?:read-only )?connections/.test(output)) return;
      child.stderr.off('data', onData);
      resolve(true);
    };
    child.stderr.on('data', onData);
    child.once('error', (error) => {
      output += error.message;
      resolve(false);
    });
    child.once('close', () => {
      resolve(false);
    });
  });
  if (!isReady) return { output };
  // The server must not be slowed down by a full pipe, and must not keep this process alive.
  child.stderr.resume();
  (child.stderr as unknown as { unref: () => void }).unref();
  child.unref();
  return { child };
}

function processOptions(user: PostgresUser | undefined) {
  // The messages are looked through, so they must be in English.
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  return { ...user, env, cwd: tmpdir() };
}

/** A port of 127.0.0.1 on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
