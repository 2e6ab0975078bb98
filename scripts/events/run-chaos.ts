import { setTimeout as delay } from 'node:timers/promises';

import type { StatusChange } from '../../src/control-plane/change-feed';
import type { Store } from '../../src/control-plane/store';
import { runClient } from '../postgres/chaos/client';
import { startRestartedReplica, type RestartedReplica } from '../postgres/chaos/cluster';
import { randomFrom } from '../postgres/chaos/random';
import { SECRET, startFlawedReceiver, type Delivery } from './flawed-receiver';

export interface EventChaosOptions {
  /** The value of DATABASE_URL. The database is empty. */
  readonly database: string;
  readonly replicas: number;
  readonly clients: number;
  /** Decides who is killed and when, what the clients ask and which tries fail. The processes' own timing is random all the same. */
  readonly seed: number;
  readonly kills: number;
  /** Opens the database, when all servers have stopped. */
  readonly openStore: () => Store | Promise<Store>;
  /** Called before each kill. */
  readonly onKill?: () => void;
}

export interface EventChaosReport {
  readonly changes: number;
  readonly tries: number;
  /** Events that were taken more than once. */
  readonly doubled: number;
  /** How long an event took from its change to the receiver, in milliseconds, but for those of the connection that always failed. */
  readonly medianMs: number;
  readonly slowestMs: number;
  /** Everything that must not be. Empty if all went well. */
  readonly faults: readonly string[];
}

/** As the receiver of the issue: 15 of 100 tries fail, and all of one connection. */
const FAILURES = 0.15;
const IN_FLIGHT = 8;
/** Between two kills, in milliseconds. */
const MIN_PAUSE_MS = 300;
const MAX_PAUSE_MS = 2_000;
/** The receiver takes nothing for this time after half of the kills, in milliseconds. */
const DOWN_MS = 1_500;
/** All events must arrive within this time after the last kill, in milliseconds. */
const ARRIVAL_MS = 120_000;

/**
 * Runs servers that send events under load, and kills them between a request and the note that it was taken. Then it compares what the
 * receiver has taken with the change feed: everything arrived, in order for each connection, and twice only where a server was killed.
 */
export async function runEventChaos(options: EventChaosOptions): Promise<EventChaosReport> {
  const random = randomFrom(options.seed);
  const killedAt: number[] = [];
  let due: { readonly moment: 'before' | 'after'; readonly kill: () => void } | undefined;
  const receiver = await startFlawedReceiver({
    random: randomFrom(options.seed + 1_000),
    failures: FAILURES,
    onRequest(moment) {
      if (due?.moment !== moment) return;
      const { kill } = due;
      due = undefined;
      kill();
    },
  });
  const variables = {
    DATABASE_URL: options.database,
    PROTON_CONNECTION_QUOTA: '1000000',
    // The log says where a server listens.
    LOG_LEVEL: 'info',
    EVENTS_WEBHOOK_URL: receiver.url,
    EVENTS_WEBHOOK_SECRET: SECRET,
    EVENTS_IN_FLIGHT: String(IN_FLIGHT),
    EVENTS_TIMEOUT_MS: '1000',
    EVENTS_LEASE_MS: '3000',
    EVENTS_RETRY_MIN_MS: '50',
    EVENTS_RETRY_MAX_MS: '500',
  };
  const servers = await startServers(options.replicas, variables);

  let isOver = false;
  const clients = Array.from({ length: options.clients }, (_, number) => {
    const own = randomFrom(options.seed + 1 + number);
    return runClient({
      name: `client-${String(number)}`,
      random: own,
      chooseUrl() {
        const urls = servers.flatMap(({ url }) => url() ?? []);
        return urls[Math.floor(own.next() * urls.length)];
      },
      onAcknowledged: () => undefined,
      isOver: () => isOver,
      pause: delay,
    });
  });

  const faults: string[] = [];
  for (let count = 0; count < options.kills; count += 1) {
    await delay(MIN_PAUSE_MS + random.next() * (MAX_PAUSE_MS - MIN_PAUSE_MS));
    const [first] = receiver.deliveries;
    if (count === 0 && first) receiver.failAlways(first.connectionId);
    options.onKill?.();
    const victim = servers[Math.floor(random.next() * servers.length)];
    await new Promise<void>((resolve) => {
      due = {
        moment: random.next() < 0.5 ? 'before' : 'after',
        kill() {
          killedAt.push(performance.now());
          void victim?.kill().then(resolve);
        },
      };
    });
    if (random.next() < 0.5) receiver.goDown(DOWN_MS);
  }
  isOver = true;
  const reports = await Promise.all(clients);
  const failing = receiver.deliveries[0]?.connectionId;
  receiver.recover();
  const last = performance.now() + ARRIVAL_MS;
  let changes = await changesIn(options);
  while (missing(changes, receiver.deliveries).length > 0 && performance.now() < last) {
    await delay(200);
    changes = await changesIn(options);
  }
  for (const { stop } of servers) faults.push(...(await stop()));
  changes = await changesIn(options);
  await receiver.close();

  const acknowledged = reports.flatMap(({ connections }) => connections.flatMap(({ id }) => id ?? []));
  const created = new Set(changes.map(({ event }) => event.connectionId as string));
  const doubles = doublesOf(receiver.deliveries);
  faults.push(
    ...receiver.faults,
    ...reports.flatMap(({ violations }) => violations),
    ...acknowledged
      .filter((id) => !created.has(id))
      .map((id) => `${id} was acknowledged and is not in the feed`),
    ...missing(changes, receiver.deliveries).map((id) => `the event ${id} did not arrive`),
    ...outOfOrder(changes, receiver.deliveries),
    ...doubles
      .filter(({ from, to }) => !killedAt.some((at) => at >= from - KILL_MS && at <= to))
      .map(({ eventId }) => `the event ${eventId} arrived twice, although no server was killed between`),
  );
  if (doubles.length > killedAt.length * IN_FLIGHT)
    faults.push(`${String(doubles.length)} events arrived twice`);
  const latencies = latenciesOf(changes, receiver.deliveries, failing);
  return {
    changes: changes.length,
    tries: receiver.tries(),
    doubled: doubles.length,
    medianMs: latencies[Math.floor(latencies.length / 2)] ?? Number.NaN,
    slowestMs: latencies.at(-1) ?? Number.NaN,
    faults,
  };
}

/** A kill may come this much before the clock is read for an answer that was on its way, in milliseconds. */
const KILL_MS = 50;

function startServers(
  count: number,
  variables: Readonly<Record<string, string>>,
): Promise<readonly RestartedReplica[]> {
  return Promise.all(
    Array.from({ length: count }, (_, number) =>
      startRestartedReplica(`server ${String(number + 1)}`, variables),
    ),
  );
}

/** All changes of the feed, once they have positions. */
async function changesIn({ openStore }: EventChaosOptions): Promise<readonly StatusChange[]> {
  const store = await openStore();
  const changes: StatusChange[] = [];
  try {
    while ((await store.feed.lag()).changes > 0) await delay(20);
    for (let position = 0; ;) {
      const page = await store.feed.read(position, 1_000);
      if (page === 'removed') throw new Error('the feed has lost changes');
      if (page.position === position) return changes;
      changes.push(...page.changes);
      position = page.position;
    }
  } finally {
    await store.close();
  }
}

function missing(changes: readonly StatusChange[], deliveries: readonly Delivery[]): readonly string[] {
  const arrived = new Set(deliveries.map(({ eventId }) => eventId));
  return changes.filter(({ event }) => !arrived.has(event.id)).map(({ event }) => event.id);
}

/** Each event must be the next one of its connection, or the one before again. */
function outOfOrder(changes: readonly StatusChange[], deliveries: readonly Delivery[]): readonly string[] {
  const expected = new Map<string, string[]>();
  for (const { event } of changes) {
    const events = expected.get(event.connectionId) ?? [];
    events.push(event.id);
    expected.set(event.connectionId, events);
  }
  const next = new Map<string, number>();
  return deliveries.flatMap(({ connectionId, eventId }) => {
    const events = expected.get(connectionId) ?? [];
    const index = next.get(connectionId) ?? 0;
    if (events[index] === eventId) {
      next.set(connectionId, index + 1);
      return [];
    }
    return events[index - 1] === eventId
      ? []
      : [`the event ${eventId} of ${connectionId} arrived out of order`];
  });
}

/** The first and the last arrival of each event that arrived more than once. */
function doublesOf(deliveries: readonly Delivery[]) {
  const first = new Map<string, number>();
  return deliveries.flatMap(({ eventId, at }) => {
    const from = first.get(eventId);
    if (from === undefined) first.set(eventId, at);
    return from === undefined ? [] : [{ eventId, from, to: at }];
  });
}

/** Ascending, in milliseconds. */
function latenciesOf(
  changes: readonly StatusChange[],
  deliveries: readonly Delivery[],
  except: string | undefined,
): readonly number[] {
  const occurred = new Map(changes.map(({ event }) => [event.id, event.occurredAt]));
  const seen = new Set<string>();
  return deliveries
    .flatMap(({ eventId, connectionId, at }) => {
      const occurredAt = occurred.get(eventId);
      if (occurredAt === undefined || connectionId === except || seen.has(eventId)) return [];
      seen.add(eventId);
      return [performance.timeOrigin + at - occurredAt];
    })
    .toSorted((a, b) => a - b);
}
