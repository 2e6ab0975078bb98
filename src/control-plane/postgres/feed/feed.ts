import { positionBefore, type ChangeFeed, type StatusChange } from '../../change-feed';
import { connectionOfSnapshot, snapshotArguments } from '../../connection-rows';
import type { Database } from '../database';
import { reading } from '../errors';
import { sequence } from './sequencer';
import type { EventTuple } from '../queries/events';

const HEAD = 'SELECT position, EXISTS (SELECT 1 FROM unsequenced) FROM feed_head WHERE id = 1';

/** One row without a change when there is none after the position. */
const CHANGES = `SELECT head.position, change.position, change.version,
    event.id, event.connection_id, event.type, event.status, event.previous_status, event.actor, event.occurred_at,
    coalesce(event.snapshot,
      (SELECT json_build_object(${snapshotArguments('connections')})::text FROM connections WHERE id = event.connection_id))
  FROM feed_head AS head
  LEFT JOIN LATERAL (
    SELECT position, connection_id, version FROM feed WHERE position > $1::bigint ORDER BY position LIMIT $2::bigint
  ) AS change ON true
  LEFT JOIN connection_events AS event
    ON event.connection_id = change.connection_id AND event.version = change.version
  WHERE head.id = 1
  ORDER BY change.position`;

const RANGE = `SELECT coalesce((SELECT min(position) FROM feed), position + 1), position FROM feed_head WHERE id = 1`;

const TIME_AT = 'SELECT sequenced_at FROM feed WHERE position >= $1::bigint ORDER BY position LIMIT 1';

/** Rows that the lag counts at most. */
const LAG_LIMIT = 10_000;

const LAG = `SELECT count(*), min(event.occurred_at)
  FROM (SELECT connection_id, version FROM unsequenced LIMIT ${String(LAG_LIMIT)}) AS change
  LEFT JOIN connection_events AS event
    ON event.connection_id = change.connection_id AND event.version = change.version`;

type ChangeRow =
  | readonly [head: number, position: null, ...unknown[]]
  | readonly [head: number, position: number, version: number, ...event: EventTuple, snapshot: string | null];

export interface FeedOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called when this process has given changes their positions. */
  readonly sequenced: () => void;
}

export function feedOn(database: Database, { now, sequenced }: FeedOptions): Omit<ChangeFeed, 'watch'> {
  async function readHead() {
    const [[position, isBehind] = [0, false]] = (await database.run({ text: HEAD })) as readonly [
      number,
      boolean,
    ][];
    return { position, isBehind };
  }

  return {
    head: () =>
      reading(async () => {
        const { position, isBehind } = await readHead();
        if (!isBehind) return position;
        // A standby can't give positions.
        const count = await sequence(database, now()).catch(() => 0);
        if (count > 0) sequenced();
        return (await readHead()).position;
      }),

    read: (after, limit) =>
      reading(async () => {
        const rows = (await database.run({ text: CHANGES, values: [after, limit] })) as readonly ChangeRow[];
        const unreadable: number[] = [];
        const changes = rows.flatMap((row): StatusChange[] => {
          if (row[1] === null) return [];
          const [, position, version, id, connectionId, type, status, previousStatus, actor, occurredAt] =
            row;
          const snapshot = row[10];
          if (snapshot === null) return [];
          const event = { id, connectionId, type, status, previousStatus, actor, occurredAt };
          const connection = connectionOfSnapshot(snapshot, event);
          if (connection) return [{ position, version, event, connection }];
          unreadable.push(position);
          return [];
        });
        const [[head] = [0]] = rows;
        // Positions have no gaps, so a missing one shows that changes were removed. A smaller head shows that the database lost some.
        const position = rows.at(-1)?.[1] ?? after;
        const isRemoved = position === after ? head !== after : position - after !== rows.length;
        return isRemoved ? 'removed' : { changes, unreadable, position };
      }),

    before: (at) =>
      reading(async () => {
        const [[oldest, newest] = [1, 0]] = (await database.run({ text: RANGE })) as readonly [
          number,
          number,
        ][];
        return positionBefore(at, oldest, newest, async (position) => {
          // A change gets its position after it occurred, so no change is missed.
          const [row] = (await database.run({ text: TIME_AT, values: [position] })) as readonly [number][];
          return row?.[0];
        });
      }),

    lag: () =>
      reading(async () => {
        const [[changes, oldest] = [0, null]] = (await database.run({ text: LAG })) as readonly [
          number,
          number | null,
        ][];
        return { changes, milliseconds: oldest === null ? 0 : Math.max(0, now() - oldest) };
      }),
  };
}
