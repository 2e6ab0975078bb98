import {
  firstVersions,
  DROPPED_AT_ONCE,
  PROBE_CANDIDATES,
  type Claim,
  type ClaimedEvent,
  type ClaimOptions,
  type OutboundEvent,
  type OutboundStore,
  type TryResult,
} from '../../outbound';
import { repeatingConflicts } from '../conflicts';
import type { Database } from '../database';
import { reading, writing } from '../errors';
import type { Query, Session } from '../session';
import { NOW } from './clock';

/*
 * Statements lock the row of a destination first, if they change it, then the rows of connections, then those of events. A later
 * statement of a transaction sees what was committed while an earlier one waited for a lock: so an event that is added while the one
 * before it is removed is not overlooked. Where transactions keep their first snapshot, the update of the connection's row is a
 * conflict, after which the transaction is repeated.
 */

const MOVE_ON = `UPDATE event_destinations SET position = $3::bigint, dropped = dropped + $4::bigint
  WHERE name = $1::text AND position = $2::bigint RETURNING name`;

const addConnections = (
  change: string,
) => `INSERT INTO outbound_connections (destination, connection_id, next_version, due_at)
  SELECT $1::text, given.connection_id, given.version, ${NOW}
  FROM unnest($2::uuid[], $3::bigint[]) AS given(connection_id, version) ORDER BY given.connection_id
  ON CONFLICT (destination, connection_id) DO UPDATE
  SET next_version = least(outbound_connections.next_version, excluded.next_version)${change}`;
const ADD_CONNECTIONS = addConnections('');
/** Without a claim, the result of a try in progress does not count: the event is sent again behind the earlier ones. */
const ADD_CONNECTIONS_AGAIN = addConnections(', due_at = excluded.due_at, claim = NULL, failures = 0');

const ADD_EVENTS = `INSERT INTO outbound_events (destination, connection_id, version, message, queued_at)
  SELECT $1::text, given.*, ${NOW}
  FROM unnest($2::uuid[], $3::bigint[], $4::text[]) AS given(connection_id, version, message)
  ON CONFLICT (destination, connection_id, version) DO NOTHING`;

const STATE = `SELECT paused_at IS NOT NULL, retry_at - ${NOW}, failures,
    (SELECT min(due_at) - ${NOW} FROM outbound_connections WHERE destination = name)
  FROM event_destinations WHERE name = $1::text`;

const TAKE_PROBE = `UPDATE event_destinations SET retry_at = ${NOW} + $2::bigint
  WHERE name = $1::text AND retry_at <= ${NOW} AND paused_at IS NULL RETURNING name`;

/** Of two processes that find the same events, the second one waits for the first, and then finds that they are not due any more. */
const claimOf = (
  chosen: string,
) => `UPDATE outbound_connections SET due_at = ${NOW} + $2::bigint, claim = $3::uuid
  WHERE destination = $1::text AND due_at <= ${NOW} AND connection_id = ANY (ARRAY(${chosen}))
  RETURNING connection_id, next_version, failures`;
const CLAIM = claimOf(`SELECT connection_id FROM outbound_connections
  WHERE destination = $1::text AND due_at <= ${NOW} ORDER BY due_at LIMIT $4::bigint`);
const CLAIM_PROBE = claimOf(`SELECT connection_id FROM (
    SELECT connection_id, failures, due_at FROM outbound_connections
    WHERE destination = $1::text AND due_at <= ${NOW} ORDER BY due_at LIMIT ${String(PROBE_CANDIDATES)}
  ) AS candidate ORDER BY failures, due_at LIMIT 1`);

const CLAIMED_EVENTS = `SELECT event.connection_id, event.version, event.message
  FROM unnest($2::uuid[], $3::bigint[]) AS claimed(connection_id, version)
  JOIN outbound_events AS event ON event.destination = $1::text
    AND event.connection_id = claimed.connection_id AND event.version = claimed.version`;

const NEXT_DUE = `SELECT min(due_at) - ${NOW} FROM outbound_connections WHERE destination = $1::text`;

const RECOVERED = `UPDATE event_destinations SET retry_at = NULL, failures = 0, delivered_at = ${NOW} WHERE name = $1::text`;

const DELIVERED = `UPDATE event_destinations SET delivered_at = ${NOW}
  WHERE name = $1::text AND (delivered_at IS NULL OR delivered_at < ${NOW} - 1000)`;

const TRIED = `unnest($2::uuid[], $3::bigint[], $4::uuid[]) AS tried(connection_id, version, token)`;
/** Whether a result counts: no other process has claimed the event since. */
const IS_OURS = `queued.destination = $1::text AND queued.connection_id = tried.connection_id
  AND queued.next_version = tried.version AND queued.claim = tried.token`;

const LOCK_TAKEN = `UPDATE outbound_connections AS queued SET failures = 0 FROM ${TRIED} WHERE ${IS_OURS}`;

const REMOVE_TAKEN = `DELETE FROM outbound_events AS event USING outbound_connections AS queued, ${TRIED}
  WHERE ${IS_OURS} AND event.destination = $1::text
    AND event.connection_id = tried.connection_id AND event.version = tried.version`;

const FIRST_EVENT = `SELECT min(event.version) FROM outbound_events AS event
  WHERE event.destination = queued.destination AND event.connection_id = queued.connection_id`;

const GO_ON = `UPDATE outbound_connections AS queued
  SET next_version = (${FIRST_EVENT}), due_at = ${NOW}, claim = NULL
  FROM ${TRIED} WHERE ${IS_OURS} AND (${FIRST_EVENT}) IS NOT NULL`;

/** The last one clears claims, so the connections that still have theirs have no event left. */
const REMOVE_EMPTY = `DELETE FROM outbound_connections AS queued USING ${TRIED} WHERE ${IS_OURS}`;

const TRY_LATER = `UPDATE outbound_connections AS queued
  SET due_at = ${NOW} + tried.retry_in, claim = NULL, failures = failures + tried.counts
  FROM unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::bigint[], $6::integer[])
    AS tried(connection_id, version, token, retry_in, counts)
  WHERE ${IS_OURS}`;

const LOCK_DESTINATION = 'SELECT dropped FROM event_destinations WHERE name = $1::text FOR UPDATE';

const OLD_EVENTS = `SELECT connection_id, version FROM outbound_events
  WHERE destination = $1::text AND queued_at < ${NOW} - $2::bigint
  ORDER BY queued_at LIMIT ${String(DROPPED_AT_ONCE)}`;

const LOCK_CONNECTIONS = `UPDATE outbound_connections SET next_version = next_version
  WHERE destination = $1::text AND connection_id = ANY ($2::uuid[])`;

const DROP_EVENTS = `DELETE FROM outbound_events AS event
  USING unnest($2::uuid[], $3::bigint[]) AS old(connection_id, version)
  WHERE event.destination = $1::text AND event.connection_id = old.connection_id AND event.version = old.version
  RETURNING event.version`;

const GO_ON_AFTER_DROP = `UPDATE outbound_connections AS queued
  SET next_version = (${FIRST_EVENT}), due_at = ${NOW}, claim = NULL, failures = 0
  WHERE destination = $1::text AND connection_id = ANY ($2::uuid[]) AND next_version < (${FIRST_EVENT})`;

const REMOVE_EMPTY_AFTER_DROP = `DELETE FROM outbound_connections AS queued
  WHERE destination = $1::text AND connection_id = ANY ($2::uuid[]) AND (${FIRST_EVENT}) IS NULL`;

const COUNT_DROPPED = 'UPDATE event_destinations SET dropped = dropped + $2::bigint WHERE name = $1::text';

type Queue = Pick<OutboundStore, 'enqueue' | 'replay' | 'claim' | 'settle' | 'dropOlder'>;

/** The events that wait for destinations. */
export function queueOn(database: Database): Queue {
  function transaction<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    return writing(() => repeatingConflicts(() => database.transaction(work)));
  }

  return {
    enqueue: (name, from, to, events, dropped = 0) =>
      transaction(async (session) => {
        const moved = await session.send({ text: MOVE_ON, values: [name, from, to, dropped] });
        if (moved.length === 0) return false;
        await session.commit(addQueries(name, events, ADD_CONNECTIONS).map(session.send));
        return true;
      }),

    replay: (name, events) =>
      transaction((session) =>
        session.commit(addQueries(name, events, ADD_CONNECTIONS_AGAIN).map(session.send)),
      ),

    async claim(name, options) {
      const [state] = (await reading(() => database.run({ text: STATE, values: [name] }))) as readonly [
        isPaused: boolean,
        retryInMs: number | null,
        failures: number,
        nextInMs: number | null,
      ][];
      if (!state || state[0]) return { kind: 'paused' };
      const [, retryInMs, destinationFailures, nextInMs] = state;
      if (retryInMs !== null && retryInMs > 0) return { kind: 'waiting', forMs: retryInMs };
      const isProbe = retryInMs !== null;
      if (nextInMs === null || nextInMs > 0) {
        return { kind: 'claimed', events: [], isProbe, destinationFailures, nextInMs: nextInMs ?? undefined };
      }
      const claimed = isProbe
        ? await transaction((session) => claimProbe(session, name, options))
        : await writing(() => repeatingConflicts(() => database.run(claimQuery(name, options))));
      return withMessages(name, claimed as readonly ClaimRow[], { isProbe, destinationFailures });
    },

    settle: (name, results) =>
      transaction(async (session) => {
        const taken = inOrder(results.filter(({ failure }) => failure === undefined));
        const failed = inOrder(results.filter(({ failure }) => failure !== undefined));
        const queries = [
          ...(taken.length === 0 ? [] : takenQueries(name, taken)),
          ...(failed.length === 0 ? [] : [failedQuery(name, failed)]),
        ];
        await session.commit(queries.map(session.send));
      }),

    async dropOlder(name, ageMs) {
      let total = 0;
      for (;;) {
        const dropped = await transaction((session) => dropSome(session, name, ageMs));
        total += dropped;
        if (dropped < DROPPED_AT_ONCE) return total;
      }
    },
  };

  async function withMessages(
    name: string,
    rows: readonly ClaimRow[],
    destination: { readonly isProbe: boolean; readonly destinationFailures: number },
  ): Promise<Claim> {
    const values = [name, rows.map(([id]) => id), rows.map(([, version]) => version)];
    const [messages, [[nextInMs]]] = (await reading(() =>
      database.read([
        { text: CLAIMED_EVENTS, values },
        { text: NEXT_DUE, values: [name] },
      ]),
    )) as readonly [readonly MessageRow[], readonly [readonly [number | null]]];
    const failures = new Map(rows.map(([id, , count]) => [id, count]));
    const events = messages.map(([connectionId, version, message]): ClaimedEvent => ({
      connectionId,
      version,
      message,
      failures: failures.get(connectionId) ?? 0,
    }));
    const next = nextInMs === null ? undefined : Math.max(0, nextInMs);
    return { kind: 'claimed', events, nextInMs: next, ...destination };
  }
}

type ClaimRow = readonly [connectionId: OutboundEvent['connectionId'], version: number, failures: number];
type MessageRow = readonly [connectionId: OutboundEvent['connectionId'], version: number, message: string];

function addQueries(
  name: string,
  events: readonly OutboundEvent[],
  addConnections: string,
): readonly Query[] {
  if (events.length === 0) return [];
  const first = firstVersions(events);
  return [
    { text: addConnections, values: [name, [...first.keys()], [...first.values()]] },
    {
      text: ADD_EVENTS,
      values: [
        name,
        events.map(({ connectionId }) => connectionId),
        events.map(({ version }) => version),
        events.map(({ message }) => message),
      ],
    },
  ];
}

function claimQuery(name: string, { token, limit, leaseMs }: ClaimOptions): Query {
  return { text: CLAIM, values: [name, leaseMs, token, limit] };
}

/** The one try of a destination that takes nothing. Without an event for it, nothing changes. */
async function claimProbe(
  session: Session,
  name: string,
  { leaseMs, token }: ClaimOptions,
): Promise<readonly unknown[]> {
  const taken = await session.send({ text: TAKE_PROBE, values: [name, leaseMs] });
  if (taken.length === 0) return [];
  const claimed = await session.send({ text: CLAIM_PROBE, values: [name, leaseMs, token] });
  if (claimed.length > 0) await session.commit();
  return claimed;
}

function takenQueries(name: string, taken: readonly TryResult[]): readonly Query[] {
  const values = triedValues(name, taken);
  return [
    { text: taken.some(({ isProbe }) => isProbe) ? RECOVERED : DELIVERED, values: [name] },
    ...[LOCK_TAKEN, REMOVE_TAKEN, GO_ON, REMOVE_EMPTY].map((text) => ({ text, values })),
  ];
}

function failedQuery(name: string, failed: readonly TryResult[]): Query {
  return {
    text: TRY_LATER,
    values: [
      ...triedValues(name, failed),
      failed.map(({ failure }) => Math.ceil(failure?.retryInMs ?? 0)),
      failed.map(({ failure }) => (failure?.counts ? 1 : 0)),
    ],
  };
}

function triedValues(name: string, results: readonly TryResult[]): readonly unknown[] {
  return [
    name,
    results.map(({ connectionId }) => connectionId),
    results.map(({ version }) => version),
    results.map(({ token }) => token),
  ];
}

/** In one order, so that two processes do not wait for each other's locks. */
function inOrder(results: readonly TryResult[]): readonly TryResult[] {
  return results.toSorted((a, b) => (a.connectionId < b.connectionId ? -1 : 1));
}

async function dropSome(session: Session, name: string, ageMs: number): Promise<number> {
  await session.send({ text: LOCK_DESTINATION, values: [name] });
  const old = (await session.send({ text: OLD_EVENTS, values: [name, ageMs] })) as readonly [
    string,
    number,
  ][];
  if (old.length === 0) return 0;
  const connections = [name, [...new Set(old.map(([id]) => id))].sort()];
  const [, dropped = []] = await session.sendAll([
    { text: LOCK_CONNECTIONS, values: connections },
    { text: DROP_EVENTS, values: [name, old.map(([id]) => id), old.map(([, version]) => version)] },
    { text: GO_ON_AFTER_DROP, values: connections },
    { text: REMOVE_EMPTY_AFTER_DROP, values: connections },
  ]);
  await session.commit([session.send({ text: COUNT_DROPPED, values: [name, dropped.length] })]);
  return dropped.length;
}
