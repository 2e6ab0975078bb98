import type BetterSqlite3 from 'better-sqlite3';

import { IMPORT_ACTOR, type ImportParts } from '../../import/import-store';
import { keep } from '../pin-native';
import { CONNECTION_COLUMNS } from '../rows';

/** Takes what is staged and judged into the store, with an event for each change. Runs inside a transaction. */
export function importWriterOn(database: BetterSqlite3.Database, { now }: ImportParts): () => void {
  const columns = CONNECTION_COLUMNS.join(', ');
  const insert = keep(
    database.prepare(
      // In the order of time, in which half of the indexes grow at their ends: that is how they are filled fastest.
      `INSERT INTO connections (${columns}) SELECT ${columns} FROM temp.staged WHERE verdict = 'new' ORDER BY requested_at, id`,
    ),
  );
  const complete = keep(
    database.prepare(
      `UPDATE connections SET codebuild_role_arn = staged.codebuild_role_arn FROM temp.staged AS staged
       WHERE staged.verdict = 'completed' AND connections.id = coalesce(staged.target_id, staged.id)`,
    ),
  );
  const record = keep(
    database.prepare(
      `INSERT INTO connection_events (id, connection_id, type, status, previous_status, actor, occurred_at)
       SELECT event_id, coalesce(target_id, id), 'IMPORTED', coalesce(target_status, status),
         CASE verdict WHEN 'completed' THEN coalesce(target_status, status) END, ?, ?
       FROM temp.staged WHERE verdict IN ('new', 'completed') ORDER BY record`,
    ),
  );
  return () => {
    insert.run();
    complete.run();
    record.run(IMPORT_ACTOR, now());
  };
}
