import type { ConnectionEvent } from '../../../proton/connection';
import type { Database } from '../database';

/** The first decision on a connection: what it was, and when. */
export interface FirstDecision {
  readonly type: 'ACCEPTED' | 'REJECTED';
  readonly at: number;
}

/** What an event decided first. A connection is `PENDING` once, so one of its events does at most. */
export function firstDecisionOf({ type, previousStatus, occurredAt }: ConnectionEvent) {
  const isDecision = previousStatus === 'PENDING' && (type === 'ACCEPTED' || type === 'REJECTED');
  return isDecision ? { type, at: occurredAt } : undefined;
}

/** The connections whose first decision is in their history alone: an earlier version has written them, or a copy has brought them. */
export const IS_UNNOTED = "connections.first_decision IS NULL AND connections.status <> 'PENDING'";

/** The first decision in the history of a connection. */
export function decisionInHistory(connectionId: string): string {
  return `SELECT event.type, event.occurred_at FROM connection_events AS event
    WHERE event.connection_id = ${connectionId} AND event.previous_status = 'PENDING' AND event.type IN ('ACCEPTED', 'REJECTED')
    LIMIT 1`;
}

/** Rows that one statement updates. Writes of these rows wait until it ends. */
const ROWS = 100;

/** In the order in which writes lock rows, after the last one: the index still has those that were noted, until it is vacuumed. */
const NOTE_DECISIONS = `WITH unnoted AS (
    SELECT connections.id FROM connections WHERE ${IS_UNNOTED} AND connections.id > $1::uuid
    ORDER BY connections.id LIMIT ${String(ROWS)} FOR UPDATE
  ), found AS (
    SELECT unnoted.id, decision.type, decision.occurred_at
    FROM unnoted LEFT JOIN LATERAL (${decisionInHistory('unnoted.id')}) AS decision ON true
  )
  UPDATE connections SET first_decision = coalesce(found.type, 'NONE'), decided_at = found.occurred_at
  FROM found WHERE connections.id = found.id RETURNING connections.id`;

/**
 * Copies decisions from the history to their connections, so that overviews read one index. Servers of the earlier version may run.
 * @param signal stops it after a statement
 */
export async function noteDecisions(database: Database, signal?: AbortSignal): Promise<void> {
  let after = '00000000-0000-0000-0000-000000000000';
  while (!signal?.aborted) {
    // On a standby the primary does it.
    const rows = await database.run({ text: NOTE_DECISIONS, values: [after] }, { mayBeReadOnly: true });
    if (rows.length === 0) return;
    for (const [id] of rows as readonly [string][]) if (id > after) after = id;
  }
}
