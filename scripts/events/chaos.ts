import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Presets, SingleBar } from 'cli-progress';

import { readStoreConfig } from '../../src/config/config';
import { openPostgresStore } from '../../src/control-plane/postgres/postgres-store';
import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import type { Store } from '../../src/control-plane/store';
import { findPostgres } from '../postgres/installation';
import { startPostgres } from '../postgres/server';
import { randomSeed, scriptOptions, wholeNumber } from '../script-options';
import { runEventChaos, type EventChaosOptions, type EventChaosReport } from './run-chaos';

const HELP = `Runs servers that send events under the load of sixteen clients, to a receiver that fails 15 of 100 times and all times for
one connection, while subscribers watch over WebSockets and by HTTP callback. Kills servers when the receiver has a request, before or
after it answers. Then compares what arrived with the change feed. At the receiver: everything, in order for each connection, and twice
only where a server was killed. At each subscriber: everything while it was connected, once, in order for each connection; only the last
changes before a kill may be missing. Exits with code 1 if anything is wrong.

npm run chaos:events -- [--store sqlite|postgres] [--seed NUMBER] [--kills NUMBER] [--subscribers NUMBER] [--bin FOLDER]

  --store  sqlite: one server on a file; postgres: two servers on a PostgreSQL of its own; sqlite by default
  --seed   decides whom it kills and when; random by default, and printed
  --kills  how many; 100 by default, about four minutes
  --subscribers  over each of the two transports; 4 by default
  --bin    the folder of another PostgreSQL's programs, as in /usr/lib/postgresql/15/bin`;

void main();

async function main(): Promise<void> {
  const values = scriptOptions(HELP, {
    store: { type: 'string', default: 'sqlite' },
    seed: { type: 'string', default: randomSeed() },
    kills: { type: 'string', default: '100' },
    subscribers: { type: 'string', default: '4' },
    bin: { type: 'string' },
  });
  const { store } = values;
  if (!/^(?:sqlite|postgres)$/.test(store)) {
    console.error('--store takes sqlite or postgres.\nTry --help.');
    process.exitCode = 2;
    return;
  }
  const seed = wholeNumber('seed', values.seed, 0);
  const kills = wholeNumber('kills', values.kills, 1);
  const subscribers = wholeNumber('subscribers', values.subscribers, 0);
  const bar = new SingleBar({ format: '{bar} {value} of {total} kills' }, Presets.shades_grey);
  bar.start(kills, 0);
  const options = {
    clients: 16,
    seed,
    kills,
    subscribers,
    onKill() {
      bar.increment();
    },
  };
  const report = await (store === 'sqlite' ? onSqlite(options) : onPostgres(options, values.bin));
  bar.stop();
  print(store, seed, report);
  if (report.faults.length > 0) process.exitCode = 1;
}

type Chaos = Omit<EventChaosOptions, 'database' | 'replicas' | 'openStore'>;

async function onSqlite(options: Chaos): Promise<EventChaosReport> {
  const folder = mkdtempSync(join(tmpdir(), 'proton-subgraph-events-'));
  try {
    const location = join(folder, 'proton.db');
    return await runEventChaos({
      ...options,
      database: `sqlite:${location}`,
      replicas: 1,
      openStore: () => openSqliteStore({ location }),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onPostgres(options: Chaos, bin: string | undefined): Promise<EventChaosReport> {
  const installation = findPostgres(bin);
  const server = await startPostgres(installation);
  try {
    return await runEventChaos({
      ...options,
      database: server.url,
      replicas: 2,
      openStore: () => openAt(server.url),
    });
  } finally {
    await server.stop();
    installation.remove();
  }
}

function openAt(url: string): Promise<Store> {
  const config = readStoreConfig({ DATABASE_URL: url });
  if (config?.kind !== 'postgres') throw new Error(`${url} is not the URL of a PostgreSQL database`);
  return openPostgresStore({ ...config, migrate: false });
}

function print(store: string, seed: number, report: EventChaosReport): void {
  const { changes, tries, doubled, medianMs, slowestMs, sessions, required, seen, overflows, faults } =
    report;
  console.log(`store            ${store}`);
  console.log(`seed             ${String(seed)}`);
  console.log(`changes          ${String(changes)}`);
  console.log(`tries            ${String(tries)}`);
  console.log(`arrived twice    ${String(doubled)}`);
  console.log(
    `from the change  ${medianMs.toFixed(0)} ms to the receiver in the median, ${slowestMs.toFixed(0)} ms at most`,
  );
  console.log(
    `subscribers      ${String(sessions)} sessions, ${String(seen)} changes seen, ${String(required)} of them required, ${String(overflows)} ended by an overflow`,
  );
  console.log(
    faults.length === 0
      ? 'nothing is wrong'
      : `wrong:\n  ${faults.slice(0, 20).join('\n  ')}\n${String(faults.length)} in all`,
  );
}
