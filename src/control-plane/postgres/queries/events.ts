import type { ConnectionEvent } from '../../../proton/connection';
import { isConnectionId } from '../../../proton/identifiers';
import type { EventQuery } from '../../store';
import type { Query } from '../session';

export const EVENT_COLUMNS = 'id, connection_id, type, status, previous_status, actor, occurred_at';

/** The values of these columns. */
export type EventTuple = readonly [
  id: string,
  connectionId: ConnectionEvent['connectionId'],
  type: ConnectionEvent['type'],
  status: ConnectionEvent['status'],
  previousStatus: ConnectionEvent['previousStatus'],
  actor: string,
  occurredAt: number,
];

export function eventOf([
  id,
  connectionId,
  type,
  status,
  previousStatus,
  actor,
  occurredAt,
]: EventTuple): ConnectionEvent {
  return { id, connectionId, type, status, previousStatus, actor, occurredAt };
}

/** Reads the events of several queries at once. A query whose `before` is not an event of the connection has one row without an event. */
export function eventsStatement(queries: readonly EventQuery[]): Query {
  return {
    // A connection's events are numbered without gaps, so a page is one range of the primary key.
    text: `SELECT query.number, query.before IS NOT NULL AND start.id IS NULL, event.*
      FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) WITH ORDINALITY AS query(connection_id, before, row_limit, number)
      LEFT JOIN connection_events AS start ON start.id = query.before AND start.connection_id = query.connection_id
      LEFT JOIN LATERAL (
        SELECT ${EVENT_COLUMNS} FROM connection_events
        WHERE connection_id = query.connection_id AND version < coalesce(start.version, 9223372036854775807)
        ORDER BY version DESC LIMIT query.row_limit
      ) AS event ON query.before IS NULL OR start.id IS NOT NULL`,
    values: [
      queries.map(({ connectionId }) => connectionId),
      queries.map(({ before }) => (before === undefined ? null : isConnectionId(before) ? before : NO_EVENT)),
      queries.map(({ limit }) => limit),
    ],
  };
}

/** A well-formed id that no event has, for cursors with something else in the place of an id. */
const NO_EVENT = '00000000-0000-0000-0000-000000000000';

/** The results of the queries; null for one whose `before` is not an event of the connection. */
export function eventsOf(
  queries: readonly EventQuery[],
  rows: readonly unknown[],
): readonly (readonly ConnectionEvent[] | null)[] {
  const results = queries.map((): ConnectionEvent[] | null => []);
  for (const [number, isUnknown, ...event] of rows as readonly EventRow[]) {
    const index = number - 1;
    if (isUnknown) results[index] = null;
    else if (hasEvent(event)) results[index]?.push(eventOf(event));
  }
  // A join may return the rows of a query in any order.
  return results;
}

type EventRow = readonly [number: number, isUnknown: boolean, ...event: EventTuple | readonly null[]];

function hasEvent(event: EventTuple | readonly null[]): event is EventTuple {
  return event[0] !== null;
}
