import { setTimeout as delay } from 'node:timers/promises';

import type { StatusChange } from '../../src/control-plane/change-feed';
import type { Store } from '../../src/control-plane/store';
import { runClient, type AcknowledgedChange } from '../postgres/chaos/client';
import { startRestartedReplica, type RestartedReplica } from '../postgres/chaos/cluster';
import { randomFrom } from '../postgres/chaos/random';
import { SECRET, startFlawedReceiver, type Delivery } from './flawed-receiver';
import { startCallbackRouter } from './subscribers/callback-subscribers';
import { checkSessions, DELETED, type KnownChanges } from './subscribers/check-sessions';
import type { Session, Subscribers } from './subscribers/session';
import { startWebSocketSubscribers } from './subscribers/websocket-subscribers';

export interface EventChaosOptions {
  /** The value of DATABASE_URL. The database is empty. */
  readonly database: string;
  readonly replicas: number;
  readonly clients: number;
  /** Decides who is killed and when, what the clients ask and which tries fail. The processes' own timing is random all the same. */
  readonly seed: number;
  readonly kills: number;
  /** Subscribers over each transport, spread over the servers. */
  readonly subscribers: number;
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
  /** Subscriptions; each lasted until its server was killed. */
  readonly sessions: number;
  /** Changes that subscribers had to see, and those that they did see. */
  readonly required: number;
  readonly seen: number;
  /** Subscriptions that were ended because this process was too slow for them. */
  readonly overflows: number;
  /** Everything that must not be. Empty if all went well. */
  readonly faults: readonly string[];
}

/** As the receiver of the issue: 15 of 100 tries fail, and all of one connection. */
const FAILURES = 0.15;
const IN_FLIGHT = 8;
/** Before each kill, in milliseconds. */
const MIN_PAUSE_MS = 200;
const MAX_PAUSE_MS = 1_500;
/** Before one kill in this many the pause is as long as subscribers may wait for a change, so that some must have seen all. */
const LONG_PAUSE_AFTER = 25;
const LONG_PAUSE_MS = 17_000;
/** The receiver takes nothing for this time after half of the kills, in milliseconds. */
const DOWN_MS = 1_500;
/** All events must arrive within this time after the last kill, in milliseconds. */
const ARRIVAL_MS = 120_000;
/** At the end, subscribers must see a further change within this time until they have seen all, in milliseconds. */
const PROGRESS_MS = 10_000;

/** The router and the clients prove themselves with it. */
const ROUTER_SECRET = 'of-the-router-of-the-chaos';
const ROUTER_HEADERS = { 'router-authorization': ROUTER_SECRET };

/**
 * Runs servers that send events under load, and kills them between a request and the note that it was taken. Then it compares what the
 * receiver has taken with the change feed: everything arrived, in order for each connection, and twice only where a server was killed.
 * It does the same with what subscribers over WebSockets and by HTTP callback have seen; `checkSessions` says what they must see.
 */
export async function runEventChaos(options: EventChaosOptions): Promise<EventChaosReport> {
  const random = randomFrom(options.seed);
  const killedAt: number[] = [];
  /** By the URLs of the processes, in milliseconds since the epoch. */
  const killedProcesses = new Map<string, number>();
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
  const router = await startCallbackRouter();
  const variables = {
    DATABASE_URL: options.database,
    PROTON_CONNECTION_QUOTA: '1000000',
    // The log says where a server listens.
    LOG_LEVEL: 'info',
    ROUTER_SECRET,
    SUBSCRIPTION_CALLBACK_URLS: router.url,
    EVENTS_WEBHOOK_URL: receiver.url,
    EVENTS_WEBHOOK_SECRET: SECRET,
    EVENTS_IN_FLIGHT: String(IN_FLIGHT),
    // Longer than this process or a server may stand still on a busy machine: a late answer doubles an event as well.
    EVENTS_TIMEOUT_MS: '2500',
    EVENTS_LEASE_MS: '3000',
    EVENTS_RETRY_MIN_MS: '50',
    EVENTS_RETRY_MAX_MS: '500',
  };
  const servers = await startServers(options.replicas, variables);

  const processes = {
    chooseUrl(number: number) {
      const url = servers[number % servers.length]?.url();
      return url ?? servers.flatMap((server) => server.url() ?? [])[0];
    },
    killedAt: (url: string) => killedProcesses.get(url),
  };
  const subscribers = [
    startWebSocketSubscribers(options.subscribers, processes, ROUTER_HEADERS),
    router.subscribe(options.subscribers, processes, ROUTER_HEADERS),
  ];

  /** When each change was acknowledged, in milliseconds since the epoch. */
  const acknowledgedAt = new Map<string, number>();
  const whenAcknowledged = (id: string, status: string) => acknowledgedAt.get(`${id} ${status}`);
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
      headers: ROUTER_HEADERS,
      onAcknowledged({ id, type }) {
        const status = STATUSES[type];
        if (status !== undefined) acknowledgedAt.set(`${id} ${status}`, Date.now());
      },
      isOver: () => isOver,
      pause: delay,
    });
  });

  const isServing = (url: string | undefined) => url !== undefined && !killedProcesses.has(url);
  const faults: string[] = [];
  for (let count = 0; count < options.kills; count += 1) {
    // A server that has just started has neither writers nor subscribers.
    while (!servers.every(({ url }) => isServing(url()))) await delay(10);
    const isLong = count % LONG_PAUSE_AFTER === LONG_PAUSE_AFTER - 1;
    await delay(isLong ? LONG_PAUSE_MS : MIN_PAUSE_MS + random.next() * (MAX_PAUSE_MS - MIN_PAUSE_MS));
    const [first] = receiver.deliveries;
    if (count === 0 && first) receiver.failAlways(first.connectionId);
    options.onKill?.();
    const victim = servers[Math.floor(random.next() * servers.length)];
    await new Promise<void>((resolve) => {
      due = {
        moment: random.next() < 0.5 ? 'before' : 'after',
        kill() {
          killedAt.push(performance.now());
          const url = victim?.url();
          if (url !== undefined) killedProcesses.set(url, Date.now());
          void victim?.kill().then(resolve);
        },
      };
    });
    if (random.next() < 0.5) receiver.goDown(DOWN_MS);
  }
  // On a busy machine the last kill may come before any subscriber has connected: then none would have to see anything.
  const end = performance.now() + ARRIVAL_MS;
  const seesChanges = () =>
    subscribers.some(({ sessions }) =>
      sessions().some(({ endedAt, seen }) => endedAt === Infinity && seen.length > 1),
    );
  while (!seesChanges() && performance.now() < end) await delay(10);
  isOver = true;
  const reports = await Promise.all(clients);
  const failing = receiver.deliveries[0]?.connectionId;
  receiver.recover();
  const last = performance.now() + ARRIVAL_MS;
  // Not again and again: while a long feed is read, the receiver does not answer.
  let changes = await changesIn(options);
  while (missing(changes, receiver.deliveries).length > 0 && performance.now() < last) await delay(200);
  const sessions = await lastSessions(subscribers, {
    feed: changes,
    acknowledgedAt: whenAcknowledged,
  });
  for (const { stop } of subscribers) await stop();
  for (const { stop } of servers) faults.push(...(await stop()));
  changes = await changesIn(options);
  await receiver.close();
  await router.close();

  const seen = checkSessions(sessions, { feed: changes, acknowledgedAt: whenAcknowledged });
  if (seen.required === 0) faults.push('no subscriber had to see anything');
  const inFeed = new Set(changes.map(({ event }) => `${event.connectionId} ${event.status ?? DELETED}`));
  const doubles = doublesOf(receiver.deliveries);
  faults.push(
    ...receiver.faults,
    ...reports.flatMap(({ violations }) => violations),
    ...subscribers.flatMap((own) => own.faults),
    ...seen.faults,
    ...[...acknowledgedAt.keys()]
      .filter((change) => !inFeed.has(change))
      .map((change) => `${change} was acknowledged and is not in the feed`),
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
    sessions: sessions.length,
    required: seen.required,
    seen: seen.seen,
    overflows: subscribers.reduce((sum, { overflows }) => sum + overflows(), 0),
    faults,
  };
}

/** A kill may come this much before the clock is read for an answer that was on its way, in milliseconds. */
const KILL_MS = 50;

const STATUSES: Readonly<Record<AcknowledgedChange['type'], string | undefined>> = {
  CREATED: 'PENDING',
  ACCEPTED: 'CONNECTED',
  REJECTED: 'REJECTED',
  TAGGED: undefined,
  DELETED,
};

/** All sessions, once those that have not ended have seen all changes, or see no more. */
async function lastSessions(
  subscribers: readonly Subscribers[],
  known: KnownChanges,
): Promise<readonly Session[]> {
  let [seen, last] = [0, 0];
  for (;;) {
    const sessions = subscribers.flatMap((some) => some.sessions());
    const report = checkSessions(
      sessions.filter(({ endedAt }) => endedAt === Infinity),
      known,
    );
    if (report.seen > seen) last = performance.now() + PROGRESS_MS;
    seen = report.seen;
    if (performance.now() > last || report.faults.length === 0) return sessions;
    await delay(100);
  }
}

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
