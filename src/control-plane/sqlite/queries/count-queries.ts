import { sql, type SelectQueryBuilder } from 'kysely';

import type { AccountRole } from '../../../proton/connection';
import type { NormalizedSelection } from '../../../proton/connection-list';
import type { AccountId } from '../../../proton/identifiers';
import type { CountQuery, ListQuery, Visibility } from '../../store';
import { CONNECTION_COLUMNS } from '../rows';
import { ACCOUNT_COLUMN, type ConnectionRow, type Database } from '../schema';
import { sqlBuilder } from '../statements';

type ConnectionQuery<Output> = SelectQueryBuilder<Database, 'connections', Output>;

/** A column in a condition. SQLite looks for no index on one with a plus sign before it. */
type ColumnStyle = 'indexed' | 'compared';

/** A page of connections, and how many there are: for a viewer who sees all that is selected, or for one who sees less. */
export function listQuery(query: ListQuery) {
  const accounts = limitsOf(query);
  return accounts === 'every' ? listAll(query) : listVisible(query, accounts);
}

export function countQuery(query: CountQuery) {
  const accounts = limitsOf(query);
  return accounts === 'every' ? countAll(query) : countVisible(query, accounts);
}

/** All connections of an account that the viewer may read are visible, so a selection within one has no other limits. */
function limitsOf({ selection, visibleTo }: CountQuery): Visibility {
  if (visibleTo === 'every') return 'every';
  const { participation, managementAccountId, environmentAccountId } = selection;
  const within = [participation?.accountId, managementAccountId, environmentAccountId];
  return visibleTo.some((account) => within.includes(account)) ? 'every' : visibleTo;
}

function listAll({ selection, after, limit }: ListQuery) {
  const page = (query: ConnectionQuery<ConnectionRow>) =>
    firstOf(narrowed(query, selection, 'indexed'), { after, limit });
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

function countAll({ selection }: CountQuery) {
  return taking(narrowed(counted(), selection, 'indexed'), selection, 'indexed');
}

/**
 * The newest of a page in each account and each role, which are all short walks along an index of what the viewer may see. What
 * they may not see is not even passed over, so that time does not tell how much of it there is.
 */
function listVisible({ selection, after, limit }: ListQuery, accounts: readonly AccountId[]) {
  const inRole = (role: AccountRole) => {
    const own = sqlBuilder
      .selectFrom('connections')
      .select('id')
      .where(ACCOUNT_COLUMN[role], '=', sql<AccountId>`account.value`);
    const ids = firstOf(matching(own, selection), { after, limit });
    return (
      sqlBuilder
        .selectFrom(listed(accounts).as('account'))
        .crossJoin('connections as shown')
        // By names of their own, which the order goes by: json_each has an `id` as well.
        .select(CONNECTION_COLUMNS.map((column) => `shown.${column} as ${column}` as const))
        .where('shown.id', 'in', ids)
    );
  };
  return inRole('MANAGEMENT_ACCOUNT')
    .union(inRole('ENVIRONMENT_ACCOUNT'))
    .orderBy('requested_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit);
}

function countVisible({ selection }: CountQuery, accounts: readonly AccountId[]) {
  const inRole = (role: AccountRole) =>
    matching(
      sqlBuilder
        .selectFrom('connections')
        .select('id')
        .where(ACCOUNT_COLUMN[role], 'in', sql<AccountId>`(SELECT value FROM ${listed(accounts)})`),
      selection,
    );
  const visible = inRole('MANAGEMENT_ACCOUNT').union(inRole('ENVIRONMENT_ACCOUNT')).as('visible');
  return sqlBuilder.selectFrom(visible).select((eb) => eb.fn.countAll<number>().as('count'));
}

/** One parameter however many accounts there are, so that the statement's text stays the same. */
function listed(accounts: readonly AccountId[]) {
  return sql<{ readonly value: AccountId }>`json_each(${JSON.stringify(accounts)})`;
}

function counted() {
  return sqlBuilder.selectFrom('connections').select((eb) => eb.fn.countAll<number>().as('count'));
}

function firstOf<Output>(
  query: ConnectionQuery<Output>,
  { after, limit }: Pick<ListQuery, 'after' | 'limit'>,
) {
  const following = after
    ? query.where(sql<boolean>`(requested_at, id) < (${after.requestedAt}, ${after.id})`)
    : query;
  return following.orderBy('requested_at', 'desc').orderBy('id', 'desc').limit(limit);
}

function matching<Output>(query: ConnectionQuery<Output>, selection: NormalizedSelection) {
  return taking(narrowed(query, selection, 'compared'), selection, 'compared');
}

function taking<Output>(
  query: ConnectionQuery<Output>,
  { participation }: NormalizedSelection,
  style: ColumnStyle,
): ConnectionQuery<Output> {
  if (participation === null) return query;
  const { accountId, role } = participation;
  const plays = (each: AccountRole) => sql<boolean>`${column(ACCOUNT_COLUMN[each], style)} = ${accountId}`;
  return role === null
    ? query.where((eb) => eb.or([plays('MANAGEMENT_ACCOUNT'), plays('ENVIRONMENT_ACCOUNT')]))
    : query.where(plays(role));
}

function narrowed<Output>(
  query: ConnectionQuery<Output>,
  selection: NormalizedSelection,
  style: ColumnStyle,
): ConnectionQuery<Output> {
  const { managementAccountId, environmentAccountId, environmentName, region, statuses } = selection;
  let matching = query;
  // Values come as they were asked for; comparing one that no row can hold is what makes it match none.
  const equals = (name: keyof ConnectionRow, value: string | null) => {
    if (value !== null) matching = matching.where(column(name, style), '=', value);
  };
  equals('management_account_id', managementAccountId);
  equals('environment_account_id', environmentAccountId);
  equals('environment_name', environmentName);
  equals('region', region);
  if (statuses !== null) matching = matching.where(column('status', style), 'in', statuses);
  return matching;
}

function column(name: keyof ConnectionRow, style: ColumnStyle) {
  return style === 'indexed' ? sql`${sql.ref(name)}` : sql`+${sql.ref(name)}`;
}
