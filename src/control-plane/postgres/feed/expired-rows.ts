import type { Database } from '../database';

/** Rows that one statement deletes at most. */
const ROWS = 1_000;

/** Only those before the first that is kept: the times are of several clocks, and a reader finds removed changes at the start alone. */
const DELETE_CHANGES = `WITH oldest AS (
    SELECT position, sequenced_at FROM feed ORDER BY position LIMIT ${String(ROWS)}
  )
  DELETE FROM feed WHERE position = ANY (ARRAY(
    SELECT position FROM oldest
    WHERE position < coalesce((SELECT min(position) FROM oldest WHERE sequenced_at > $1::bigint), position + 1)
  )) RETURNING position`;

const DELETE_TOKENS = `DELETE FROM client_tokens WHERE (environment_account_id, region, token) IN (
    SELECT environment_account_id, region, token FROM client_tokens
    WHERE created_at <= $1::bigint ORDER BY created_at LIMIT ${String(ROWS)}
  ) AND created_at <= $1::bigint RETURNING token`;

/** Deletes the oldest changes, up to the first one that got its position after this time. */
export function deleteChanges(database: Database, at: number): Promise<void> {
  return deleteAll(database, DELETE_CHANGES, at);
}

/** Deletes the client tokens that were recorded at this time or earlier. */
export function deleteTokens(database: Database, at: number): Promise<void> {
  return deleteAll(database, DELETE_TOKENS, at);
}

/** In short statements, so that none holds many locks. */
async function deleteAll(database: Database, text: string, at: number): Promise<void> {
  let deleted: readonly unknown[];
  do {
    // On a standby they are deleted by the primary.
    deleted = await database.run({ text, values: [at] }, { mayBeReadOnly: true });
  } while (deleted.length === ROWS);
}
