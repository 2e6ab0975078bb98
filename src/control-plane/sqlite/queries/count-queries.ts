import { sql, type SelectQueryBuilder } from 'kysely';

import type { AccountRole } from '../../../proton/connection';
import type { NormalizedSelection } from '../../../proton/page';
import type { AccountId } from '../../../proton/identifiers';
import type { CountQuery } from '../../store';
import { ACCOUNT_COLUMN, type ConnectionRow, type Database } from '../schema';
import { sqlBuilder } from '../statements';
import { sufficientAccounts } from './visibility';

type ConnectionQuery<Output> = SelectQueryBuilder<Database, 'connections', Output>;

/** Whether SQLite may use an index to compare a column. In a `plain` comparison a plus sign before the name prevents that. */
type ColumnUse = 'indexed' | 'plain';

/** Counts the selected connections that the viewer may see. Visits each of them. */
export function countQuery(query: CountQuery) {
  const accounts = sufficientAccounts(query);
  const { selection } = query;
  if (accounts !== 'every') return countVisible(selection, accounts);
  const { participation } = selection;
  return participation?.role === null
    ? countInEitherRole(selection, participation.accountId)
    : counted(selected(sqlBuilder.selectFrom('connections'), selection, 'indexed'));
}

/** Counts each role with its own index and subtracts connections with both: OR would read every row. */
function countInEitherRole(selection: NormalizedSelection, accountId: AccountId) {
  const all = sqlBuilder.selectFrom('connections');
  const managed = all.where('management_account_id', '=', accountId);
  const environments = all.where('environment_account_id', '=', accountId);
  // Here SQLite must search by both accounts, and not by one and a filter: that could be many more rows.
  const both = filtered(managed.where('environment_account_id', '=', accountId), selection, 'plain');
  const inRole = [managed, environments].map((query) => counted(filtered(query, selection, 'indexed')));
  return sqlBuilder.selectNoFrom(sql<number>`${sql.join(inRole, sql` + `)} - ${counted(both)}`.as('count'));
}

/** Uses the indexes of the viewer's accounts, so that the time does not depend on connections that the viewer may not see. */
function countVisible(selection: NormalizedSelection, accounts: readonly AccountId[]) {
  // One parameter for any number of accounts, so that the statement's text stays the same.
  const listed = sql<AccountId>`(SELECT value FROM json_each(${JSON.stringify(accounts)}))`;
  const inRole = (role: AccountRole) =>
    selected(
      sqlBuilder.selectFrom('connections').select('id').where(ACCOUNT_COLUMN[role], 'in', listed),
      selection,
      'plain',
    );
  const visible = inRole('MANAGEMENT_ACCOUNT').union(inRole('ENVIRONMENT_ACCOUNT')).as('visible');
  return sqlBuilder.selectFrom(visible).select((eb) => eb.fn.countAll<number>().as('count'));
}

function counted<Output>(query: ConnectionQuery<Output>) {
  return query.select((eb) => eb.fn.countAll<number>().as('count'));
}

/** The connections of the selection's account that pass its filter. */
function selected<Output>(
  query: ConnectionQuery<Output>,
  selection: NormalizedSelection,
  use: ColumnUse,
): ConnectionQuery<Output> {
  const { participation } = selection;
  if (participation === null) return filtered(query, selection, use);
  const { accountId, role } = participation;
  const hasRole = (each: AccountRole) => sql<boolean>`${column(ACCOUNT_COLUMN[each], use)} = ${accountId}`;
  const ofAccount =
    role === null
      ? query.where((eb) => eb.or([hasRole('MANAGEMENT_ACCOUNT'), hasRole('ENVIRONMENT_ACCOUNT')]))
      : query.where(hasRole(role));
  return filtered(ofAccount, selection, use);
}

function filtered<Output>(
  query: ConnectionQuery<Output>,
  selection: NormalizedSelection,
  use: ColumnUse,
): ConnectionQuery<Output> {
  const { managementAccountId, environmentAccountId, environmentName, region, statuses } = selection;
  let matching = query;
  // Values are as the client sent them. One that no row can have matches nothing.
  const equals = (name: keyof ConnectionRow, value: string | null) => {
    if (value !== null) matching = matching.where(column(name, use), '=', value);
  };
  equals('management_account_id', managementAccountId);
  equals('environment_account_id', environmentAccountId);
  // Without statistics SQLite may search by the most frequent value, so only the first of these filters may use an index: names are
  // the rarest. Each account has an index with each of them.
  const name = use === 'indexed' && !hasBothAccounts(selection) ? 'indexed' : 'plain';
  const place = environmentName === null ? name : 'plain';
  const status = region === null ? place : 'plain';
  if (environmentName !== null)
    matching = matching.where(column('environment_name', name), '=', environmentName);
  if (region !== null) matching = matching.where(column('region', place), '=', region);
  if (statuses !== null) matching = matching.where(column('status', status), 'in', statuses);
  return matching;
}

/** Two accounts have an index together, which is narrower than one account with a filter. */
function hasBothAccounts({ participation, managementAccountId, environmentAccountId }: NormalizedSelection) {
  const manager =
    managementAccountId ?? (participation?.role === 'MANAGEMENT_ACCOUNT' ? participation.accountId : null);
  const environment =
    environmentAccountId ?? (participation?.role === 'ENVIRONMENT_ACCOUNT' ? participation.accountId : null);
  return manager !== null && environment !== null;
}

function column(name: keyof ConnectionRow, use: ColumnUse) {
  return use === 'indexed' ? sql`${sql.ref(name)}` : sql`+${sql.ref(name)}`;
}
