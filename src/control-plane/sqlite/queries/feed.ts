import type BetterSqlite3 from 'better-sqlite3';

import { positionBefore, type FeedPage, type StatusChange } from '../../change-feed';
import { connectionOfSnapshot, snapshotArguments } from '../../connection-rows';
import { reading } from '../errors';
import { limitOf } from '../limit';
import { pin } from '../pin-native';
import { EVENT_COLUMNS, eventOf } from '../rows';
import type { ConnectionEventRow } from '../schema';

/** Events that a read visits at most: those of tags and roles are not in the feed. */
const EVENTS_PER_READ = 256;

/**
 * The change feed of a file is its history: events are written one after another, and their sequence numbers are positions. They are
 * never removed.
 */
export interface SqliteFeed {
  readonly head: () => number;
  readonly read: (after: number, limit: number) => FeedPage | 'removed';
  readonly before: (at: number) => Promise<number>;
}

export function feedOn(database: BetterSqlite3.Database): SqliteFeed {
  const newest = pin(
    database.prepare<[], number | null>('SELECT max(sequence) FROM connection_events').pluck(true),
  );
  const timeAt = pin(
    database
      .prepare<[position: number], number>(
        'SELECT occurred_at FROM connection_events WHERE sequence >= ? ORDER BY sequence LIMIT 1',
      )
      .pluck(true),
  );
  const following = pin(
    database.prepare<[after: number, limit: number], ConnectionEventRow & { readonly version: number }>(
      `SELECT ${EVENT_COLUMNS}, CASE WHEN status IS NOT previous_status THEN coalesce(
         snapshot,
         (SELECT json_object(${snapshotArguments('connections')}) FROM connections WHERE id = event.connection_id)
       ) END AS snapshot, (
         SELECT count(*) FROM connection_events AS earlier
         WHERE earlier.connection_id = event.connection_id AND earlier.sequence <= event.sequence
       ) AS version
       FROM connection_events AS event WHERE sequence > ? ORDER BY sequence ${limitOf('?')}`,
    ),
  );

  function read(after: number, limit: number): FeedPage | 'removed' {
    const changes: StatusChange[] = [];
    const unreadable: number[] = [];
    let position = after;
    for (const row of following.all(after, EVENTS_PER_READ)) {
      if (changes.length === limit) break;
      position = row.sequence;
      if (row.snapshot === null) continue;
      const event = eventOf(row);
      const connection = connectionOfSnapshot(row.snapshot, event);
      if (connection) changes.push({ position, version: row.version, event, connection });
      else unreadable.push(position);
    }
    // An older backup was restored meanwhile.
    if (position === after && (newest.get() ?? 0) < after) return 'removed';
    return { changes, unreadable, position };
  }

  return {
    head: () => reading(() => newest.get() ?? 0),
    read: (after, limit) => reading(() => read(after, limit)),
    before: (at) =>
      reading(() => positionBefore(at, 1, newest.get() ?? 0, (position) => timeAt.get(position))),
  };
}
