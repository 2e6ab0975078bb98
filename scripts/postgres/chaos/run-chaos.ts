import { setTimeout as delay } from 'node:timers/promises';

import { inconsistenciesOf } from '../inconsistencies';
import type { PostgresInstallation } from '../installation';
import { runClient, type KnownConnection } from './client';
import { startRestartedPostgres, startRestartedReplica, type RestartedPostgres } from './cluster';
import { randomFrom } from './random';

export interface ChaosOptions {
  readonly installation: PostgresInstallation;
  /** Decides who is killed and when, and what the clients ask. The processes' own timing is random all the same. */
  readonly seed: number;
  readonly kills: number;
  /** Settings of postgresql.conf that differ from their defaults. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Called before each kill. */
  readonly onKill?: (killed: Killed) => void;
}

export type Killed = 'replica' | 'backend' | 'postmaster';

export interface ChaosReport {
  readonly kills: Readonly<Record<Killed, number>>;
  readonly acknowledged: number;
  /** Calls that the clients know no outcome of, because the replica was killed. */
  readonly unknown: number;
  readonly unavailable: number;
  readonly events: number;
  /** How long the slowest answer took, in milliseconds. */
  readonly slowestMs: number;
  /** The longest time from a kill to the next acknowledgement, in milliseconds. It includes the start of what was killed. */
  readonly longestPauseMs: number;
  /** Everything that must not be. Empty if all went well. */
  readonly faults: readonly string[];
}

const CLIENTS = 8;
const VICTIMS: readonly [Killed, ...Killed[]] = ['replica', 'replica', 'backend', 'backend', 'postmaster'];
/** Between two kills, in milliseconds. */
const MIN_PAUSE_MS = 50;
const MAX_PAUSE_MS = 800;
/** Writes must go on within this time after a kill, in milliseconds. */
const RECOVERY_MS = 30_000;
/** How many kills wait until writes go on. The others may come during a recovery. */
const SHARE_AFTER_RECOVERY = 0.7;

/**
 * Runs two replicas on one PostgreSQL under load and kills replicas, sessions and the database again and again. Then it compares what
 * the clients were promised with what is in the database.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, installation, settings = {} } = options;
  const postgres = await startRestartedPostgres(installation, { settings });
  const variables = { DATABASE_URL: postgres.url, PROTON_CONNECTION_QUOTA: '1000000', LOG_LEVEL: 'info' };
  const replicas = await Promise.all(
    ['first replica', 'second replica'].map((name) => startRestartedReplica(name, variables)),
  );
  const random = randomFrom(seed);
  let isOver = false;
  let acknowledgements = 0;
  const clients = Array.from({ length: CLIENTS }, (_, number) => {
    const own = randomFrom(seed + 1 + number);
    return runClient({
      name: `client-${String(number)}`,
      random: own,
      chooseUrl() {
        const urls = replicas.flatMap(({ url }) => url() ?? []);
        return urls[Math.floor(own.next() * urls.length)];
      },
      onAcknowledged() {
        acknowledgements += 1;
      },
      isOver: () => isOver,
      pause: delay,
    });
  });

  const kills = { replica: 0, backend: 0, postmaster: 0 };
  const faults: string[] = [];
  let longestPauseMs = 0;
  for (let count = 0; count < options.kills; count += 1) {
    await delay(MIN_PAUSE_MS + random.next() * (MAX_PAUSE_MS - MIN_PAUSE_MS));
    const killed = random.pick(VICTIMS);
    options.onKill?.(killed);
    kills[killed] += 1;
    const before = acknowledgements;
    const killedAt = performance.now();
    if (killed === 'replica') await replicas[random.next() < 0.5 ? 0 : 1]?.kill();
    else if (killed === 'postmaster') await postgres.kill();
    else postgres.killBackend((backends) => Math.floor(random.next() * backends));
    if (random.next() >= SHARE_AFTER_RECOVERY && count < options.kills - 1) continue;
    while (acknowledgements === before && performance.now() - killedAt < RECOVERY_MS) await delay(5);
    if (acknowledgements === before) faults.push(`no write within ${String(RECOVERY_MS)} ms after a kill`);
    longestPauseMs = Math.max(longestPauseMs, performance.now() - killedAt);
  }
  isOver = true;
  const reports = await Promise.all(clients);
  faults.push(...(await changesAreSequenced(postgres)));
  for (const { stop } of replicas) faults.push(...(await stop()));
  faults.push(...(await inconsistenciesOf(postgres.query)));
  faults.push(...reports.flatMap(({ violations }) => violations));
  const events = await eventsIn(postgres);
  faults.push(...reports.flatMap(({ connections }) => connections.flatMap((known) => lostOf(known, events))));
  await postgres.stop();

  const sum = (count: 'acknowledged' | 'unknown' | 'unavailable') =>
    reports.reduce((total, report) => total + report[count], 0);
  return {
    kills,
    acknowledged: sum('acknowledged'),
    unknown: sum('unknown'),
    unavailable: sum('unavailable'),
    events: [...events.values()].reduce((total, { types }) => total + types.length, 0),
    slowestMs: Math.max(...reports.map(({ slowestMs }) => slowestMs)),
    longestPauseMs,
    faults,
  };
}

/** How long the changes of a killed replica may be without a position in the feed, in milliseconds. */
const SEQUENCED_MS = 10_000;

async function changesAreSequenced({ query }: RestartedPostgres): Promise<readonly string[]> {
  const started = performance.now();
  while ((await query('SELECT 1 FROM unsequenced LIMIT 1')).length > 0) {
    if (performance.now() - started > SEQUENCED_MS) return ['changes that get no position in the feed'];
    await delay(50);
  }
  return [];
}

interface WrittenEvents {
  readonly id: string;
  readonly types: readonly string[];
}

/** The events of each connection in order, by the connection's name. A name is used once. */
async function eventsIn({ query }: RestartedPostgres): Promise<ReadonlyMap<string, WrittenEvents>> {
  // A deleted connection has no row with its name. Its events are found by its id.
  const rows = (await query(
    `SELECT e.connection_id AS id, c.environment_name AS name, array_agg(e.type ORDER BY e.version) AS types
     FROM connection_events e LEFT JOIN connections c ON c.id = e.connection_id GROUP BY 1, 2`,
  )) as readonly { readonly id: string; readonly name: string | null; readonly types: readonly string[] }[];
  return new Map(rows.map(({ id, name, types }) => [name ?? id, { id, types }]));
}

/** What is missing of a connection, or what no one has asked for. */
function lostOf(
  { name, id, changes }: KnownConnection,
  events: ReadonlyMap<string, WrittenEvents>,
): readonly string[] {
  const written = events.get(name) ?? (id === undefined ? undefined : events.get(id));
  if (id === undefined) return [];
  if (!written) return [`${name} was acknowledged as ${id} and is not there`];
  if (written.id !== id) return [`${name} was acknowledged as ${id} and is ${written.id}`];
  const deletion = changes.find(({ type }) => type === 'DELETED');
  if (!events.has(name) && !deletion) return [`${name} (${id}) was not deleted and has no row`];
  if (events.has(name) && deletion?.isAcknowledged)
    return [`the deletion of ${name} (${id}) was acknowledged`];
  return ['TAGGED', 'ACCEPTED', 'REJECTED', 'DELETED'].flatMap((type) => {
    const asked = changes.filter((change) => change.type === type);
    const least = asked.filter(({ isAcknowledged }) => isAcknowledged).length;
    const found = written.types.filter((writtenType) => writtenType === type).length;
    return found >= least && found <= asked.length
      ? []
      : [`${name} (${id}) has ${String(found)} ${type} of ${String(least)} to ${String(asked.length)}`];
  });
}
