import type BetterSqlite3 from 'better-sqlite3';
import { sql, type ExpressionBuilder, type SelectQueryBuilder } from 'kysely';

import type { NormalSelection } from '../../connection-list';
import type { ConnectionStore, CountQuery, ListQuery, Visibility } from '../store';
import { keep } from './keep';
import { reading } from './reading';
import { CONNECTION_COLUMNS, connectionOf, storedEventOf, type ConnectionTuple } from './rows';
import { ACCOUNT_COLUMN, type ConnectionRow, type Database } from './schema';
import { sqlBuilder, type Statements } from './statements';

export type StoreReads = Pick<
  ConnectionStore,
  'findConnections' | 'listConnections' | 'countConnections' | 'listEvents'
>;

type ConnectionQuery<Output> = SelectQueryBuilder<Database, 'connections', Output>;

export function readsOf(database: BetterSqlite3.Database, statements: Statements): StoreReads {
  // The road of every entity reference, and so the one statement that is not built anew for each call.
  const findAll = keep(
    database
      .prepare<[string], ConnectionTuple>(
        `SELECT ${CONNECTION_COLUMNS.join(', ')} FROM connections WHERE id IN (SELECT value FROM json_each(?))`,
      )
      .raw(true),
  );

  return {
    findConnections: (ids) => reading(() => findAll.all(JSON.stringify(ids)).map(connectionOf)),

    listConnections: (queries) =>
      reading(() => queries.map((query) => statements.connections(listQuery(query).compile()))),

    countConnections: (queries) =>
      reading(() => queries.map((query) => statements.get(countQuery(query).compile())?.count ?? 0)),

    listEvents: (queries) =>
      reading(() =>
        queries.map(({ connectionId, before, limit }) => {
          let query = sqlBuilder
            .selectFrom('connection_events')
            .selectAll()
            .where('connection_id', '=', connectionId);
          if (before !== undefined) query = query.where('sequence', '<', before);
          return statements.all(query.orderBy('sequence', 'desc').limit(limit).compile()).map(storedEventOf);
        }),
      ),
  };
}

function listQuery({ selection, visibleTo, after, limit }: ListQuery) {
  const page = (query: ConnectionQuery<ConnectionRow>) => {
    const matching = narrowed(query, selection, visibleTo);
    const following = after
      ? matching.where(sql<boolean>`(requested_at, id) < (${after.requestedAt}, ${after.id})`)
      : matching;
    return following.orderBy('requested_at', 'desc').orderBy('id', 'desc').limit(limit);
  };
  const all = sqlBuilder.selectFrom('connections').select(CONNECTION_COLUMNS);
  const { participation } = selection;
  if (participation === null) return page(all);
  const { accountId, role } = participation;
  if (role !== null) return page(all.where(ACCOUNT_COLUMN[role], '=', accountId));
  // A page in either role is the newest of a page in each: two short walks along an index, where an OR would read and sort all.
  const asManagement = page(all.where('management_account_id', '=', accountId)).as('connections');
  const asEnvironment = page(all.where('environment_account_id', '=', accountId)).as('connections');
  return sqlBuilder
    .selectFrom(asManagement)
    .selectAll()
    .union(sqlBuilder.selectFrom(asEnvironment).selectAll())
    .orderBy('requested_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit);
}

function countQuery({ selection, visibleTo }: CountQuery) {
  const all = sqlBuilder.selectFrom('connections').select((eb) => eb.fn.countAll<number>().as('count'));
  const { participation } = selection;
  if (participation === null) return narrowed(all, selection, visibleTo);
  const { accountId, role } = participation;
  const taking = all.where((eb) =>
    role === null
      ? eb.or([eb('management_account_id', '=', accountId), eb('environment_account_id', '=', accountId)])
      : eb(ACCOUNT_COLUMN[role], '=', accountId),
  );
  return narrowed(taking, selection, visibleTo);
}

function narrowed<Output>(query: ConnectionQuery<Output>, selection: NormalSelection, visibleTo: Visibility) {
  const { managementAccountId, environmentAccountId, environmentName, region, statuses } = selection;
  let matching = query;
  // Values come as they were asked for; comparing one that no row can hold is what makes it match none.
  const equals = (column: string, value: string | null) => {
    if (value !== null) matching = matching.where(sql.ref(column), '=', value);
  };
  equals('management_account_id', managementAccountId);
  equals('environment_account_id', environmentAccountId);
  equals('environment_name', environmentName);
  equals('region', region);
  if (statuses !== null) matching = matching.where('status', 'in', statuses);
  if (visibleTo !== 'every') matching = matching.where((eb) => concernsOneOf(eb, JSON.stringify(visibleTo)));
  return matching;
}

/** One parameter however many accounts there are, so that the statement's text stays the same. */
function concernsOneOf(eb: ExpressionBuilder<Database, 'connections'>, accountIds: string) {
  const listed = sql<ConnectionRow['management_account_id']>`(SELECT value FROM json_each(${accountIds}))`;
  return eb.or([eb('management_account_id', 'in', listed), eb('environment_account_id', 'in', listed)]);
}
