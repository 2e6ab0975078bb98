import type BetterSqlite3 from 'better-sqlite3';

import { ConnectionStatus, type ConnectionEvent } from '../../../proton/connection';
import type { ConnectionId } from '../../../proton/identifiers';
import { normalizeSelection } from '../../../proton/page';
import type { MaybePromise } from '../../../proton/proton-service';
import type { ConnectionStore, CountQuery, EventQuery, ExportStore } from '../../store';
import { importFailure, reading } from '../errors';
import { limitOf } from '../limit';
import { pin } from '../pin-native';
import { CONNECTION_COLUMNS, connectionOf, type ConnectionTuple } from '../../connection-rows';
import { EVENT_COLUMNS, eventOf } from '../rows';
import type { ConnectionEventRow } from '../schema';
import { accountsOf } from './accounts';
import { countsOf } from './counts';
import { listsOf } from './lists';
import { overviewsOf } from './overviews';
import { prefixReads } from './prefix-reads';
import { rangeReads } from './range-reads';
import type { RowCache } from './row-cache';
import { createStepRunner, type Steps } from './step-runner';
import { viewableBy } from './visibility';

export interface StoreReads extends Pick<
  ConnectionStore,
  'findConnections' | 'listConnections' | 'countConnections' | 'readOverview' | 'listAccounts'
> {
  readonly listEvents: (queries: readonly EventQuery[]) => readonly (readonly ConnectionEvent[] | null)[];
  /** The number of connections of each status, of all accounts. For metrics. */
  readonly countByStatus: () => MaybePromise<Readonly<Record<ConnectionStatus, number>>>;
}

export function readsOf(database: BetterSqlite3.Database, rows: RowCache): StoreReads {
  const readers = { inOrder: rangeReads(database), byName: prefixReads(database) };
  const lists = listsOf(readers, rows);
  const countOf = countsOf(database, readers);
  const overviewOf = overviewsOf(database, lists, countOf);
  const listAccounts = accountsOf(database);
  const run = createStepRunner();
  const newestEvents = pin(
    database.prepare<[ConnectionId, limit: number], ConnectionEventRow>(
      `SELECT ${EVENT_COLUMNS} FROM connection_events WHERE connection_id = ? ORDER BY sequence DESC ${limitOf('?')}`,
    ),
  );
  const eventsUntil = pin(
    database.prepare<[EventQuery], ConnectionEventRow>(
      // Cursors carry the event's id. Its sequence number would reveal how many events others have written.
      `SELECT ${EVENT_COLUMNS} FROM connection_events WHERE connection_id = @connectionId AND sequence <= (
         SELECT sequence FROM connection_events WHERE connection_id = @connectionId AND id = @before
       ) ORDER BY sequence DESC ${limitOf('@limit + 1')}`,
    ),
  );

  function eventsOf(query: EventQuery): readonly ConnectionEvent[] | null {
    const { connectionId, before, limit } = query;
    if (before === undefined) return newestEvents.all(connectionId, limit).map(eventOf);
    const [first, ...events] = eventsUntil.all(query);
    return first?.id === before ? events.map(eventOf) : null;
  }

  function* counts(queries: readonly CountQuery[]): Steps<number[]> {
    const results: number[] = [];
    for (const query of queries) {
      if (results.length > 0) yield;
      results.push(yield* countOf(query));
    }
    return results;
  }

  function* countsByStatus(): Steps<Record<ConnectionStatus, number>> {
    const results = { PENDING: 0, CONNECTED: 0, REJECTED: 0 };
    for (const status of Object.values(ConnectionStatus)) {
      const selection = normalizeSelection({ filter: { statuses: [status] } });
      results[status] = yield* countOf({ selection, visibleTo: 'every' });
    }
    return results;
  }

  return {
    findConnections: (ids, visibleTo) => reading(() => rows.find(ids, viewableBy(visibleTo))),
    listConnections: (queries, options = {}) => reading(() => run(lists(queries), options)),
    countConnections: (queries, options = {}) => reading(() => run(counts(queries), options)),
    readOverview: (query, options = {}) => reading(() => run(overviewOf(query), options)),
    listAccounts: (range) => reading(() => listAccounts(range)),
    countByStatus: () => reading(() => run(countsByStatus(), {})),
    listEvents: (queries) => reading(() => queries.map(eventsOf)),
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
