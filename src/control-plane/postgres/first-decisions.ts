import { setTimeout as delay } from 'node:timers/promises';

import type { Database } from './database';

/** The connections whose first decision is in their history alone: an earlier version has written them, or a copy has brought them. */
export const IS_NOT_BACKFILLED = "connections.first_decision IS NULL AND connections.status <> 'PENDING'";

/**
 * The first decision in the history of a connection since an import has created it again, if any. It is PENDING once until it is
 * deleted, so that is the newest event of these; the index `connection_events_by_decision` has no others.
 */
export function decisionInHistory(connectionId: string): string {
  return `SELECT newest.type, newest.occurred_at FROM (
      SELECT event.type, event.occurred_at FROM connection_events AS event WHERE event.connection_id = ${connectionId}
        AND (event.previous_status = 'PENDING' AND event.type IN ('ACCEPTED', 'REJECTED') OR event.type = 'DELETED')
      ORDER BY event.version DESC LIMIT 1
    ) AS newest WHERE newest.type <> 'DELETED'`;
}

/** Rows that one statement updates. Writes of these rows wait until it ends. */
const ROWS = 100;

/** Between two statements, in milliseconds, so that an import, which is repeated when its rows change, comes between them. */
const PAUSE_MS = 10;

/** In the order in which writes lock rows, after the last one: the index still has those that were filled, until it is vacuumed. */
const BACKFILL = `WITH missing AS (
    SELECT connections.id FROM connections WHERE ${IS_NOT_BACKFILLED} AND connections.id > $1::uuid
    ORDER BY connections.id LIMIT ${String(ROWS)} FOR UPDATE
  ), found AS (
    SELECT missing.id, decision.type, decision.occurred_at
    FROM missing LEFT JOIN LATERAL (${decisionInHistory('missing.id')}) AS decision ON true
  )
  UPDATE connections SET first_decision = coalesce(found.type, 'NONE'), decided_at = found.occurred_at
  FROM found WHERE connections.id = found.id RETURNING connections.id`;

/**
 * Copies decisions from the history to their connections, so that overviews read one index. Servers of the earlier version may run.
 * @param signal stops it after a statement
 */
export async function backfillDecisions(database: Database, signal?: AbortSignal): Promise<void> {
  const first = '00000000-0000-0000-0000-000000000000';
  let after = first;
  while (!signal?.aborted) {
    // On a standby the primary does it.
    const rows = await database.run({ text: BACKFILL, values: [after] }, { mayBeReadOnly: true });
    if (rows.length === 0) break;
    for (const [id] of rows as readonly [string][]) if (id > after) after = id;
    await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
  if (after !== first && !signal?.aborted) await analyze(database);
}

/**
 * Without it, statistics have no decisions until the server analyzes the table itself. Plans then read the decisions of all accounts, and
 * the time would reveal their number to a viewer of few accounts. A user who does not own the table changes nothing by it.
 */
function analyze(database: Database): Promise<void> {
  return database.transaction((session) => session.commit([session.send({ text: 'ANALYZE connections' })]), {
    unlimited: true,
  });
}
