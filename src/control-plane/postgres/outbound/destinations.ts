import { BACKLOG_LIMIT, type Destination, type OutboundStore, type Pause } from '../../outbound';
import { repeatingConflicts } from '../conflicts';
import type { Database } from '../database';
import { reading, writing } from '../errors';
import type { Query } from '../session';
import { NOW } from './clock';

const REGISTER = `INSERT INTO event_destinations (name, transport, position)
  SELECT given.name, given.transport, head.position
  FROM unnest($1::text[], $2::text[]) AS given(name, transport) CROSS JOIN feed_head AS head
  ORDER BY given.name
  ON CONFLICT (name) DO UPDATE SET transport = excluded.transport`;

const LIST = `SELECT name, transport, position, paused_reason, paused_at, failures, delivered_at, dropped
  FROM event_destinations ORDER BY name`;

const BACKLOGS = `SELECT destination.name,
    (SELECT count(*) FROM (
      SELECT 1 FROM outbound_events WHERE destination = destination.name LIMIT ${String(BACKLOG_LIMIT)}
    ) AS waiting),
    coalesce(${NOW} - (SELECT min(queued_at) FROM outbound_events WHERE destination = destination.name), 0)
  FROM event_destinations AS destination`;

const SUSPEND = `UPDATE event_destinations SET retry_at = ${NOW} + $2::bigint, failures = failures + 1
  WHERE name = $1::text AND ($3::boolean OR retry_at IS NULL) RETURNING name`;

/** A pause keeps its first reason. */
const PAUSE = `UPDATE event_destinations
  SET paused_at = coalesce(paused_at, ${NOW}), paused_reason = coalesce(paused_reason, $2::text)
  WHERE name = $1::text RETURNING name`;

const RESUME = `UPDATE event_destinations SET paused_at = NULL, paused_reason = NULL, retry_at = NULL, failures = 0
  WHERE name = $1::text RETURNING name`;

const RETRY_NOW = `UPDATE outbound_connections SET due_at = ${NOW}
  WHERE destination = $1::text AND due_at > ${NOW} AND claim IS NULL`;

type DestinationRow = readonly [
  name: string,
  transport: Destination['transport'],
  position: number,
  reason: Pause['reason'] | null,
  at: number | null,
  failures: number,
  deliveredAt: number | null,
  dropped: number,
];

type Destinations = Pick<OutboundStore, 'register' | 'list' | 'backlogs' | 'suspend' | 'pause' | 'resume'>;

/** The destinations of events. */
export function destinationsOn(database: Database): Destinations {
  /** Runs statements in one transaction. @returns the rows of the first */
  function commit(first: Query, ...others: readonly Query[]): Promise<readonly unknown[]> {
    return writing(() =>
      repeatingConflicts(() =>
        database.transaction(async (session) => {
          const rows = session.send(first);
          await session.commit([rows, ...others.map(session.send)]);
          return rows;
        }),
      ),
    );
  }

  return {
    async register(destinations) {
      const values = [destinations.map(({ name }) => name), destinations.map(({ transport }) => transport)];
      await commit({ text: REGISTER, values });
    },

    list: () =>
      reading(async () =>
        ((await database.run({ text: LIST })) as readonly DestinationRow[]).map(destinationOf),
      ),

    backlogs: () =>
      reading(async () => {
        const rows = (await database.run({ text: BACKLOGS })) as readonly [string, number, number][];
        return new Map(rows.map(([name, events, ageMs]) => [name, { events, ageMs: Math.max(0, ageMs) }]));
      }),

    async suspend(name, forMs, isProbe) {
      const suspended = await commit({ text: SUSPEND, values: [name, Math.ceil(forMs), isProbe] });
      return suspended.length > 0;
    },

    async pause(name, reason) {
      return (await commit({ text: PAUSE, values: [name, reason] })).length > 0;
    },

    async resume(name) {
      const resumed = await commit({ text: RESUME, values: [name] }, { text: RETRY_NOW, values: [name] });
      return resumed.length > 0;
    },
  };
}

function destinationOf(row: DestinationRow): Destination {
  const [name, transport, position, reason, at, failures, deliveredAt, dropped] = row;
  const paused = reason === null || at === null ? undefined : { reason, at };
  return { name, transport, position, paused, failures, deliveredAt, dropped };
}
