import type BetterSqlite3 from 'better-sqlite3';

import type { ConnectionEvent, ConnectionStatus } from '../../../proton/connection';
import type { ConnectionStore, CountQuery, EventQuery, ExportStore } from '../../store';
import { importFailure } from '../errors';
import { pin } from '../pin-native';
import { CONNECTION_COLUMNS, connectionOf, type ConnectionTuple, eventOf } from '../rows';
import { reading, sqlBuilder, type Statements } from '../statements';
import { countQuery } from './count-queries';
import { listsOf } from './lists';
import type { RowCache } from './row-cache';
import { createStepRunner, type Steps } from './step-runner';
import { viewableBy } from './visibility';

export interface StoreReads extends Pick<
  ConnectionStore,
  'findConnections' | 'listConnections' | 'countConnections'
> {
  readonly listEvents: (queries: readonly EventQuery[]) => readonly (readonly ConnectionEvent[] | null)[];
  /** The number of connections of each status, of all accounts. For metrics. */
  readonly countByStatus: () => Readonly<Record<ConnectionStatus, number>>;
}

export function readsOf(
  database: BetterSqlite3.Database,
  statements: Statements,
  rows: RowCache,
): StoreReads {
  const countStatuses = pin(
    database.prepare<[], { status: ConnectionStatus; count: number }>(
      'SELECT status, count(*) AS count FROM connections GROUP BY status',
    ),
  );

  const lists = listsOf(database, rows);
  const run = createStepRunner();

  /** One step per count: a document may count a hundred lists. A single count cannot be interrupted. */
  function* counts(queries: readonly CountQuery[]): Steps<number[]> {
    const results: number[] = [];
    for (const query of queries) {
      results.push(statements.get(countQuery(query).compile())?.count ?? 0);
      yield;
    }
    return results;
  }

  return {
    findConnections: (ids, visibleTo) => reading(() => rows.read(() => ids, viewableBy(visibleTo))),

    listConnections: (queries, options = {}) => reading(() => run(lists(queries), options)),

    countConnections: (queries, options = {}) => reading(() => run(counts(queries), options)),

    // Scans an index of all rows and blocks the event loop meanwhile: some milliseconds for 100,000 rows.
    countByStatus: () =>
      reading(() => {
        const counts = { PENDING: 0, CONNECTED: 0, REJECTED: 0 };
        for (const { status, count } of countStatuses.all()) counts[status] = count;
        return counts;
      }),

    listEvents: (queries) =>
      reading(() =>
        queries.map(({ connectionId, before, limit }) => {
          let query = sqlBuilder
            .selectFrom('connection_events')
            .selectAll()
            .where('connection_id', '=', connectionId);
          if (before !== undefined) {
            // Cursors carry the event's id. Its sequence number would reveal how many events others have written.
            const sequence = sqlBuilder
              .selectFrom('connection_events')
              .select('sequence')
              .where('connection_id', '=', connectionId)
              .where('id', '=', before);
            query = query.where('sequence', '<=', sequence);
          }
          const limitWithBefore = before === undefined ? limit : limit + 1;
          const events = statements
            .all(query.orderBy('sequence', 'desc').limit(limitWithBefore).compile())
            .map(eventOf);
          if (before === undefined) return events;
          return events[0]?.id === before ? events.slice(1) : null;
        }),
      ),
  };
}

export function exportsOn(database: BetterSqlite3.Database): ExportStore {
  let all: BetterSqlite3.Statement<[], ConnectionTuple> | undefined;
  return {
    *connections() {
      all ??= pin(
        database
          .prepare<[], ConnectionTuple>(
            `SELECT ${CONNECTION_COLUMNS.join(', ')} FROM connections ORDER BY requested_at DESC, id DESC`,
          )
          .raw(true),
      );
      try {
        // One statement sees one snapshot, however slowly the caller iterates.
        for (const row of pin(all.iterate())) yield connectionOf(row);
      } catch (error) {
        throw importFailure(error);
      }
    },
  };
}
