import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

import { Client } from 'pg';

import { PostgresMissing, type PostgresInstallation } from '../installation';
import { startPostgres, type PostgresServer, type PostgresServerOptions } from '../server';

const SERVER = join(__dirname, '..', '..', '..', 'dist', 'main.js');

/** A process or server that is started again whenever it has been killed. */
export interface Restarted {
  /** Kills it. Resolves when it is gone; it is started again meanwhile. */
  readonly kill: () => Promise<void>;
  /** Ends it for good. @returns what was wrong with it */
  readonly stop: () => Promise<readonly string[]>;
}

export interface RestartedPostgres extends Restarted {
  /** The same after each start. */
  readonly url: string;
  /** Kills one of the processes that serve sessions; then the server ends all sessions and recovers. */
  readonly killBackend: (choose: (count: number) => number) => void;
  /** Runs a statement in a session of its own. */
  readonly query: (sql: string, parameters?: readonly unknown[]) => Promise<readonly unknown[]>;
}

/** How long a server that was killed may hold up its next start, in milliseconds. */
const RESTART_MS = 30_000;

export async function startRestartedPostgres(
  installation: PostgresInstallation,
  options: Pick<PostgresServerOptions, 'settings'>,
): Promise<RestartedPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'proton-subgraph-chaos-'));
  chmodSync(folder, 0o711);
  const settings = { ...options, dataFolder: join(folder, 'data') };
  let server: PostgresServer = await startPostgres(installation, settings);
  const { url, port } = server;
  let restarting: Promise<void> = Promise.resolve();

  async function restart(): Promise<void> {
    const last = performance.now() + RESTART_MS;
    // The killed server's sessions hold its memory until they notice.
    for (;;) {
      try {
        server = await startPostgres(installation, { ...settings, port });
        return;
      } catch (error) {
        if (!(error instanceof PostgresMissing) || performance.now() > last) throw error;
        await delay(100);
      }
    }
  }

  return {
    url,
    async kill() {
      await restarting;
      process.kill(server.pid, 'SIGKILL');
      await server.stop();
      restarting = restart();
    },
    killBackend(choose) {
      const { stdout } = spawnSync('ps', ['-o', 'pid=,args=', '--ppid', String(server.pid)], {
        encoding: 'utf8',
      });
      const backends = stdout.split('\n').filter((line) => line.includes('127.0.0.1('));
      const chosen = backends[choose(backends.length)];
      if (chosen === undefined) return;
      try {
        process.kill(Number.parseInt(chosen), 'SIGKILL');
      } catch (error) {
        // The session may have ended meanwhile.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    },
    async query(sql, parameters = []) {
      await restarting;
      const client = await connected(url);
      try {
        const { rows } = await client.query<Record<string, unknown>>(sql, [...parameters]);
        return rows;
      } finally {
        await client.end();
      }
    },
    async stop() {
      await restarting;
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
      return [];
    },
  };
}

/** Connects as soon as the server accepts it: a killed session makes it end all others and recover. */
async function connected(url: string): Promise<Client> {
  const last = performance.now() + RESTART_MS;
  for (;;) {
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      return client;
    } catch (error) {
      if (performance.now() > last) throw error;
      await delay(20);
    }
  }
}

export interface RestartedReplica extends Restarted {
  /** Where it serves GraphQL now; undefined while it starts. */
  readonly url: () => string | undefined;
}

/** How long to wait before a start that failed is repeated, in milliseconds, as an orchestrator does. */
const BACKOFF_MS = 200;

/** Starts the built server. Resolves when it is ready for the first time. */
export async function startRestartedReplica(
  name: string,
  variables: Readonly<Record<string, string>>,
): Promise<RestartedReplica> {
  const problems: string[] = [];
  let url: string | undefined;
  let child: ChildProcess | undefined;
  const stopping = new AbortController();

  /** Resolves when the process has ended. */
  async function runOnce(onReady: () => void): Promise<void> {
    const { PATH, HOME } = process.env;
    const started = spawn(process.execPath, [SERVER], {
      env: { PATH, HOME, PORT: '0', ADMIN_PORT: 'off', PROTON_ENDPOINT_PORT: 'off', ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    let printed = '';
    let readyAt: string | undefined;
    started.stderr.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk));
    createInterface({ input: started.stdout }).on('line', (line) => {
      const ready = /ready at (http:\S+\/graphql)/.exec(line)?.[1];
      if (ready === undefined) return;
      url = readyAt = ready;
      onReady();
    });
    await once(started, 'close');
    url = undefined;
    // A start may fail while the database is away. A server that has started must stay.
    const wasKilled = started.signalCode === 'SIGKILL';
    const wasStopped = stopping.signal.aborted && started.exitCode === 0;
    const isUnexpected = readyAt === undefined ? printed.includes('\n    at ') : !wasStopped;
    if (!wasKilled && isUnexpected)
      problems.push(`${name} ended with ${String(started.exitCode)}: ${printed}`);
  }

  let ended: Promise<void> = Promise.resolve();
  await new Promise<void>((resolve) => {
    ended = (async () => {
      while (!stopping.signal.aborted) {
        await runOnce(resolve);
        if (child?.signalCode !== 'SIGKILL') await delay(BACKOFF_MS);
      }
    })();
  });

  return {
    url: () => url,
    async kill() {
      const killed = child;
      if (killed?.exitCode !== null || killed.signalCode !== null) return;
      const gone = once(killed, 'exit');
      killed.kill('SIGKILL');
      await gone;
    },
    async stop() {
      stopping.abort();
      child?.kill('SIGTERM');
      await ended;
      return problems;
    },
  };
}
