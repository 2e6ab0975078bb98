import type { Connection, ConnectionEvent } from '../../proton/connection';
import { snapshotOf } from '../connection-rows';
import type { ConnectionEventRow } from './schema';

/** The columns that `eventOf` reads, and `sequence`. */
export const EVENT_COLUMNS = 'sequence, id, connection_id, type, status, previous_status, actor, occurred_at';

export function eventOf(row: Omit<ConnectionEventRow, 'snapshot'>): ConnectionEvent {
  return {
    id: row.id,
    connectionId: row.connection_id,
    type: row.type,
    status: row.status,
    previousStatus: row.previous_status,
    actor: row.actor,
    occurredAt: row.occurred_at,
  };
}

/** @param connection right after the event; right before a deletion */
export function eventRowOf(
  event: ConnectionEvent,
  connection: Connection,
): Omit<ConnectionEventRow, 'sequence'> {
  return {
    id: event.id,
    connection_id: event.connectionId,
    type: event.type,
    status: event.status,
    previous_status: event.previousStatus,
    actor: event.actor,
    occurred_at: event.occurredAt,
    snapshot: event.status === event.previousStatus ? null : snapshotOf(connection),
  };
}
