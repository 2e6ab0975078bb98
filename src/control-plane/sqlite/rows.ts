import type { ConnectionEvent } from '../../proton/connection';
import type { ConnectionEventRow } from './schema';

export function eventOf(row: ConnectionEventRow): ConnectionEvent {
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

export function eventRowOf(event: ConnectionEvent): Omit<ConnectionEventRow, 'sequence'> {
  return {
    id: event.id,
    connection_id: event.connectionId,
    type: event.type,
    status: event.status,
    previous_status: event.previousStatus,
    actor: event.actor,
    occurred_at: event.occurredAt,
  };
}
