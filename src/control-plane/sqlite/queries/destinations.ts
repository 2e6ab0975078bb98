import type BetterSqlite3 from 'better-sqlite3';

import {
  BACKLOG_LIMIT,
  type Backlog,
  type Destination,
  type OutboundStore,
  type Pause,
} from '../../outbound';
import { reading } from '../errors';
import { pin } from '../pin-native';
import type { Transactions } from '../transactions';

interface DestinationRow {
  readonly name: string;
  readonly transport: Destination['transport'];
  readonly position: number;
  readonly paused_at: number | null;
  readonly paused_reason: Pause['reason'] | null;
  readonly failures: number;
  readonly delivered_at: number | null;
  readonly dropped: number;
}

type Destinations = Pick<OutboundStore, 'register' | 'list' | 'backlogs' | 'suspend' | 'pause' | 'resume'>;

/** The destinations of events. */
export function destinationsOn(database: BetterSqlite3.Database, transactions: Transactions): Destinations {
  const add = pin(
    database.prepare<[name: string, transport: string]>(
      `INSERT INTO event_destinations (name, transport, position)
       VALUES (?, ?, (SELECT coalesce(max(sequence), 0) FROM connection_events))
       ON CONFLICT (name) DO UPDATE SET transport = excluded.transport`,
    ),
  );
  const all = pin(database.prepare<[], DestinationRow>('SELECT * FROM event_destinations ORDER BY name'));
  const backlog = pin(
    database.prepare<[{ readonly now: number }], Backlog & { readonly name: string }>(
      `SELECT name,
         (SELECT count(*) FROM (
           SELECT 1 FROM outbound_events WHERE destination = name LIMIT ${String(BACKLOG_LIMIT)}
         )) AS events,
         max(0, coalesce(@now - (SELECT min(queued_at) FROM outbound_events WHERE destination = name), 0)) AS ageMs
       FROM event_destinations`,
    ),
  );
  const wait = pin(
    database.prepare<[until: number, name: string, isProbe: number]>(
      `UPDATE event_destinations SET retry_at = ?, failures = failures + 1
       WHERE name = ? AND (? OR retry_at IS NULL)`,
    ),
  );
  // A pause keeps its first reason.
  const pause = pin(
    database.prepare<[at: number, reason: string, name: string]>(
      `UPDATE event_destinations
       SET paused_at = coalesce(paused_at, ?), paused_reason = coalesce(paused_reason, ?) WHERE name = ?`,
    ),
  );
  const resume = pin(
    database.prepare<[name: string]>(
      `UPDATE event_destinations SET paused_at = NULL, paused_reason = NULL, retry_at = NULL, failures = 0
       WHERE name = ?`,
    ),
  );
  const retryNow = pin(
    database.prepare<[{ readonly now: number; readonly name: string }]>(
      `UPDATE outbound_connections SET due_at = @now
       WHERE destination = @name AND due_at > @now AND claim IS NULL`,
    ),
  );

  return {
    register: (destinations) =>
      transactions.run(() => {
        for (const { name, transport } of destinations) add.run(name, transport);
      }),
    list: () => reading(() => Promise.resolve(all.all().map(destinationOf))),
    backlogs: () =>
      reading(() =>
        Promise.resolve(new Map(backlog.all({ now: Date.now() }).map(({ name, ...rest }) => [name, rest]))),
      ),
    suspend: (name, forMs, isProbe) =>
      transactions.run(() => wait.run(Date.now() + Math.ceil(forMs), name, Number(isProbe)).changes > 0),
    pause: (name, reason) => transactions.run(() => pause.run(Date.now(), reason, name).changes > 0),
    resume: (name) =>
      transactions.run(() => {
        retryNow.run({ now: Date.now(), name });
        return resume.run(name).changes > 0;
      }),
  };
}

function destinationOf(row: DestinationRow): Destination {
  const { paused_at: at, paused_reason: reason } = row;
  return {
    name: row.name,
    transport: row.transport,
    position: row.position,
    paused: reason === null || at === null ? undefined : { reason, at },
    failures: row.failures,
    deliveredAt: row.delivered_at,
    dropped: row.dropped,
  };
}
