import type BetterSqlite3 from 'better-sqlite3';

import type { ConnectionId } from '../../../proton/identifiers';
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
import { reading } from '../errors';
import { limitOf } from '../limit';
import { pin } from '../pin-native';
import type { Transactions } from '../transactions';
import { destinationsOn } from './destinations';

interface QueuedConnection {
  readonly connection_id: ConnectionId;
  readonly next_version: number;
  readonly failures: number;
}

interface DestinationState {
  readonly paused_at: number | null;
  readonly retry_at: number | null;
  readonly failures: number;
}

const NEVER_TRIED: DestinationState = { paused_at: null, retry_at: null, failures: 0 };

/** What can be found out without the write lock, so that looking for work does not disturb writers. */
export interface SqliteOutbound extends OutboundStore {
  /** The claim, if there is nothing to claim. */
  readonly peek: (name: string) => Claim | undefined;
  readonly hasOlder: (name: string, ageMs: number) => boolean;
}

/** The events on their way to other systems. A transaction has the whole file for itself, so its statements need no locks. */
export function outboundOn(database: BetterSqlite3.Database, transactions: Transactions): SqliteOutbound {
  const rows = rowsOn(database);

  /** Lets the connection's first event be sent, or forgets the connection when it has none. */
  function goOn(name: string, id: ConnectionId, now: number): void {
    const version = rows.firstVersion.get(name, id);
    if (version === undefined || version === null) rows.removeConnection.run(name, id);
    else rows.goOn.run(version, now, name, id);
  }

  function add(
    name: string,
    events: readonly OutboundEvent[],
    addConnection: BetterSqlite3.Statement<[string, ConnectionId, number, number]>,
  ): void {
    const now = Date.now();
    for (const [id, version] of firstVersions(events)) addConnection.run(name, id, version, now);
    for (const { connectionId, version, message } of events) {
      rows.addEvent.run(name, connectionId, version, message, now);
    }
  }

  function peek(name: string): Claim | undefined {
    const now = Date.now();
    const state = rows.state.get(name);
    if (state?.paused_at !== null) return { kind: 'paused' };
    const { retry_at: retryAt, failures: destinationFailures } = state;
    if (retryAt !== null && retryAt > now) return { kind: 'waiting', forMs: retryAt - now };
    const nextAt = rows.nextDue.get(name) ?? null;
    if (nextAt !== null && nextAt <= now) return undefined;
    const nextInMs = nextAt === null ? undefined : nextAt - now;
    return { kind: 'claimed', events: [], isProbe: retryAt !== null, destinationFailures, nextInMs };
  }

  function claim(name: string, { token, limit, leaseMs }: ClaimOptions): Claim {
    const nothing = peek(name);
    if (nothing) return nothing;
    const now = Date.now();
    const { retry_at: retryAt, failures: destinationFailures } = rows.state.get(name) ?? NEVER_TRIED;
    const isProbe = retryAt !== null;
    const due = isProbe ? rows.dueForProbe.all(name, now) : rows.due.all(name, now, limit);
    const events = due.flatMap(
      ({ connection_id: connectionId, next_version: version, failures }): ClaimedEvent[] => {
        rows.claim.run(now + leaseMs, token, name, connectionId);
        const message = rows.message.get(name, connectionId, version);
        return message === undefined ? [] : [{ connectionId, version, failures, message }];
      },
    );
    if (isProbe) rows.retryAt.run(now + leaseMs, name);
    const nextInMs = Math.max(0, (rows.nextDue.get(name) ?? now) - now);
    return { kind: 'claimed', events, isProbe, destinationFailures, nextInMs };
  }

  function settle(name: string, results: readonly TryResult[]): void {
    const now = Date.now();
    const taken = results.filter(({ failure }) => failure === undefined);
    if (taken.length > 0) rows.delivered.run(now, name);
    if (taken.some(({ isProbe }) => isProbe)) rows.recovered.run(name);
    for (const { connectionId, version, token, failure } of results) {
      if (rows.isOurs.get(name, connectionId, version, token) === undefined) continue;
      if (failure) {
        const at = now + Math.ceil(failure.retryInMs);
        rows.tryLater.run(at, Number(failure.counts), name, connectionId);
      } else {
        rows.removeEvent.run(name, connectionId, version);
        goOn(name, connectionId, now);
      }
    }
  }

  function dropSome(name: string, ageMs: number): number {
    const now = Date.now();
    const old = rows.older.all(name, now - ageMs, DROPPED_AT_ONCE);
    for (const { connection_id: id, version } of old) rows.removeEvent.run(name, id, version);
    for (const id of new Set(old.map((event) => event.connection_id))) {
      const first = rows.firstVersion.get(name, id);
      // Unless an event before them waits, which was added again.
      if (first !== rows.nextVersion.get(name, id)) goOn(name, id, now);
    }
    if (old.length > 0) rows.countDropped.run(old.length, name);
    return old.length;
  }

  return {
    ...destinationsOn(database, transactions),
    enqueue: (name, from, to, events, dropped = 0) =>
      transactions.run(() => {
        if (rows.moveOn.run(to, dropped, name, from).changes === 0) return false;
        add(name, events, rows.addConnection);
        return true;
      }),
    replay: (name, events) =>
      transactions.run(() => {
        add(name, events, rows.addConnectionAgain);
      }),
    peek: (name) => reading(() => peek(name)),
    hasOlder: (name, ageMs) => reading(() => rows.older.all(name, Date.now() - ageMs, 1).length > 0),
    claim: (name, options) => transactions.run(() => claim(name, options)),
    settle: (name, results) =>
      transactions.run(() => {
        settle(name, results);
      }),
    async dropOlder(name, ageMs) {
      let total = 0;
      for (;;) {
        const dropped = await transactions.run(() => dropSome(name, ageMs));
        total += dropped;
        if (dropped < DROPPED_AT_ONCE) return total;
      }
    },
  };
}

/** The statements on the queues. */
function rowsOn(database: BetterSqlite3.Database) {
  const addConnection = (change: string) =>
    pin(
      database.prepare<[name: string, id: ConnectionId, version: number, now: number]>(
        `INSERT INTO outbound_connections (destination, connection_id, next_version, due_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (destination, connection_id) DO UPDATE
         SET next_version = min(next_version, excluded.next_version)${change}`,
      ),
    );
  return {
    moveOn: pin(
      database.prepare<[to: number, dropped: number, name: string, from: number]>(
        'UPDATE event_destinations SET position = ?, dropped = dropped + ? WHERE name = ? AND position = ?',
      ),
    ),
    addConnection: addConnection(''),
    // Without a claim, the result of a try in progress does not count: the event is sent again behind the earlier ones.
    addConnectionAgain: addConnection(', due_at = excluded.due_at, claim = NULL, failures = 0'),
    addEvent: pin(
      database.prepare<[name: string, id: ConnectionId, version: number, message: string, now: number]>(
        `INSERT INTO outbound_events (destination, connection_id, version, message, queued_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (destination, connection_id, version) DO NOTHING`,
      ),
    ),
    state: pin(
      database.prepare<[name: string], DestinationState>(
        'SELECT paused_at, retry_at, failures FROM event_destinations WHERE name = ?',
      ),
    ),
    due: pin(
      database.prepare<[name: string, now: number, limit: number], QueuedConnection>(
        `SELECT connection_id, next_version, failures FROM outbound_connections
         WHERE destination = ? AND due_at <= ? ORDER BY due_at ${limitOf('?')}`,
      ),
    ),
    dueForProbe: pin(
      database.prepare<[name: string, now: number], QueuedConnection>(
        `SELECT connection_id, next_version, failures FROM (
           SELECT connection_id, next_version, failures, due_at FROM outbound_connections
           WHERE destination = ? AND due_at <= ? ORDER BY due_at LIMIT ${String(PROBE_CANDIDATES)}
         ) ORDER BY failures, due_at LIMIT 1`,
      ),
    ),
    claim: pin(
      database.prepare<[until: number, token: string, name: string, id: ConnectionId]>(
        'UPDATE outbound_connections SET due_at = ?, claim = ? WHERE destination = ? AND connection_id = ?',
      ),
    ),
    message: pin(
      database
        .prepare<[name: string, id: ConnectionId, version: number], string>(
          'SELECT message FROM outbound_events WHERE destination = ? AND connection_id = ? AND version = ?',
        )
        .pluck(true),
    ),
    nextDue: pin(
      database
        .prepare<[name: string], number | null>(
          'SELECT min(due_at) FROM outbound_connections WHERE destination = ?',
        )
        .pluck(true),
    ),
    retryAt: pin(
      database.prepare<[at: number, name: string]>(
        'UPDATE event_destinations SET retry_at = ? WHERE name = ?',
      ),
    ),
    delivered: pin(
      database.prepare<[now: number, name: string]>(
        'UPDATE event_destinations SET delivered_at = ? WHERE name = ?',
      ),
    ),
    recovered: pin(
      database.prepare<[name: string]>(
        'UPDATE event_destinations SET retry_at = NULL, failures = 0 WHERE name = ?',
      ),
    ),
    isOurs: pin(
      database.prepare<[name: string, id: ConnectionId, version: number, token: string]>(
        `SELECT 1 FROM outbound_connections
         WHERE destination = ? AND connection_id = ? AND next_version = ? AND claim = ?`,
      ),
    ),
    tryLater: pin(
      database.prepare<[at: number, counts: number, name: string, id: ConnectionId]>(
        `UPDATE outbound_connections SET due_at = ?, claim = NULL, failures = failures + ?
         WHERE destination = ? AND connection_id = ?`,
      ),
    ),
    removeEvent: pin(
      database.prepare<[name: string, id: ConnectionId, version: number]>(
        'DELETE FROM outbound_events WHERE destination = ? AND connection_id = ? AND version = ?',
      ),
    ),
    firstVersion: pin(
      database
        .prepare<[name: string, id: ConnectionId], number | null>(
          'SELECT min(version) FROM outbound_events WHERE destination = ? AND connection_id = ?',
        )
        .pluck(true),
    ),
    nextVersion: pin(
      database
        .prepare<[name: string, id: ConnectionId], number>(
          'SELECT next_version FROM outbound_connections WHERE destination = ? AND connection_id = ?',
        )
        .pluck(true),
    ),
    goOn: pin(
      database.prepare<[version: number, now: number, name: string, id: ConnectionId]>(
        `UPDATE outbound_connections SET next_version = ?, due_at = ?, claim = NULL, failures = 0
         WHERE destination = ? AND connection_id = ?`,
      ),
    ),
    removeConnection: pin(
      database.prepare<[name: string, id: ConnectionId]>(
        'DELETE FROM outbound_connections WHERE destination = ? AND connection_id = ?',
      ),
    ),
    older: pin(
      database.prepare<
        [name: string, before: number, limit: number],
        { readonly connection_id: ConnectionId; readonly version: number }
      >(
        `SELECT connection_id, version FROM outbound_events
         WHERE destination = ? AND queued_at < ? ORDER BY queued_at ${limitOf('?')}`,
      ),
    ),
    countDropped: pin(
      database.prepare<[dropped: number, name: string]>(
        'UPDATE event_destinations SET dropped = dropped + ? WHERE name = ?',
      ),
    ),
  };
}
