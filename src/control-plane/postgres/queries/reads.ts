import { StoredConnection } from '../../../proton/connection';
import type { ConnectionTuple } from '../../connection-rows';
import type { AccountId } from '../../../proton/identifiers';
import type { ConnectionStore, ReadOptions } from '../../store';
import type { Database } from '../database';
import { reading } from '../errors';
import type { Query } from '../session';
import { accountsStatement } from './accounts';
import { countStatement } from './counts';
import { eventsOf, eventsStatement } from './events';
import { COLUMNS, listStatement } from './lists';
import { overviewOf, overviewStatements } from './overviews';
import { shareFinds } from './shared-finds';

type Reads = Pick<
  ConnectionStore,
  'findConnections' | 'listConnections' | 'countConnections' | 'listEvents' | 'readOverview' | 'listAccounts'
>;

const FIND = `SELECT ${COLUMNS} FROM connections WHERE id = ANY ($1::uuid[])`;
/** The rows of other accounts are never read, so that the time of a read does not reveal them. */
const FIND_VISIBLE = `${FIND} AND (management_account_id = ANY ($2::text[]) OR environment_account_id = ANY ($2::text[]))`;

export function readsOn(database: Database): Reads {
  /** Reads the rows of each statement; those of none are `[]`. Stops waiting when the signal aborts. */
  function readEach(
    statements: readonly (Query | undefined)[],
    { signal }: ReadOptions = {},
  ): Promise<readonly (readonly unknown[])[]> {
    signal?.throwIfAborted();
    const present = statements.filter((statement) => statement !== undefined);
    return abortable(signal, async () => {
      const rows = present.length === 0 ? [] : await database.read(present);
      const rowsOf = new Map(present.map((statement, index) => [statement, rows[index] ?? []]));
      return statements.map((statement) => (statement && rowsOf.get(statement)) ?? []);
    });
  }

  const find = shareFinds(async (ids, visibleTo) => {
    const statement =
      visibleTo === 'every'
        ? { text: FIND, values: [ids] }
        : { text: FIND_VISIBLE, values: [ids, visibleTo] };
    const [rows = []] = await reading(() => readEach([statement]));
    return rows.map(storedConnectionOf);
  });

  return {
    findConnections: (ids, visibleTo) =>
      ids.length === 0 || visibleTo.length === 0 ? [] : find(ids, visibleTo),
    async listConnections(queries, options) {
      const results = await reading(() => readEach(queries.map(listStatement), options));
      return queries.map(({ limit }, index) =>
        (results[index] ?? []).slice(0, limit).map(storedConnectionOf),
      );
    },
    async countConnections(queries, options) {
      const results = await reading(() => readEach(queries.map(countStatement), options));
      return results.map((rows) => (rows as readonly [number][])[0]?.[0] ?? 0);
    },
    async readOverview(query, options) {
      const results: (readonly unknown[])[] = [];
      // One after the other: at a million connections, all of them together take longer than one statement may.
      for (const statement of overviewStatements(query)) {
        results.push(...(await reading(() => readEach([statement], options))));
      }
      return overviewOf(query, results);
    },
    async listAccounts(range) {
      const [rows = []] = await reading(() => readEach([accountsStatement(range)]));
      return (rows as readonly (readonly [AccountId])[]).map(([id]) => id);
    },
    async listEvents(queries) {
      if (queries.length === 0) return [];
      const [rows = []] = await reading(() => readEach([eventsStatement(queries)]));
      return eventsOf(queries, rows);
    },
  };
}

function storedConnectionOf(row: unknown): StoredConnection {
  // The statements select exactly these columns.
  return new StoredConnection(row as ConnectionTuple);
}

/** Rejects with the signal's reason when it aborts, and ignores how the work ends. */
function abortable<Result>(signal: AbortSignal | undefined, work: () => Promise<Result>): Promise<Result> {
  if (!signal) return work();
  return new Promise((resolve, reject) => {
    const abort = () => {
      // The reason belongs to the code that aborts.
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => {
        signal.removeEventListener('abort', abort);
      });
  });
}
