import { connectionOf, type ConnectionTuple } from '../../connection-rows';
import type { ExportStore } from '../../store';
import { readFailure } from '../../store-errors';
import type { Database } from '../database';
import { unavailable } from '../errors';
import { COLUMNS } from '../queries/lists';

/** Rows that a statement reads. */
const BATCH = 1_000;

const NEWEST_FIRST = `ORDER BY requested_at DESC, id DESC LIMIT ${String(BATCH)}`;
const FIRST = `SELECT ${COLUMNS} FROM connections ${NEWEST_FIRST}`;
const NEXT = `SELECT ${COLUMNS} FROM connections WHERE (requested_at, id) < ($1::bigint, $2::uuid) ${NEWEST_FIRST}`;

/** A transaction that sees one snapshot, however slowly its caller reads. */
const ONE_SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

export function exportsOn(database: Database): ExportStore {
  return {
    async *connections() {
      try {
        for await (const page of pagesOf(database)) yield* page.map(connectionOf);
      } catch (error) {
        throw unavailable(error, readFailure);
      }
    },
  };
}

async function* pagesOf(database: Database): AsyncGenerator<readonly ConnectionTuple[]> {
  const { session, end } = await database.begin({ begin: ONE_SNAPSHOT, unlimited: true });
  try {
    let last: ConnectionTuple | undefined;
    for (;;) {
      const query = last ? { text: NEXT, values: [last[9], last[0]] } : { text: FIRST };
      const page = (await session.send(query)) as readonly ConnectionTuple[];
      if (page.length > 0) yield page;
      if (page.length < BATCH) return;
      last = page.at(-1);
    }
  } finally {
    await end();
  }
}
