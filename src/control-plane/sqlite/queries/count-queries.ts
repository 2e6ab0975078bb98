import { sql, type SelectQueryBuilder } from 'kysely';

import type { AccountRole } from '../../../proton/connection';
import type { NormalizedSelection } from '../../../proton/connection-list';
import type { AccountId } from '../../../proton/identifiers';
import type { CountQuery } from '../../store';
import { ACCOUNT_COLUMN, type ConnectionRow, type Database } from '../schema';
import { sqlBuilder } from '../statements';
import { sufficientAccounts } from './visibility';

type ConnectionQuery<Output> = SelectQueryBuilder<Database, 'connections', Output>;

/** A column in a condition. SQLite looks for no index on one with a plus sign before it. */
type ColumnStyle = 'indexed' | 'compared';

/** How many connections there are: for a viewer who sees all that is selected, or for one who sees less. Visits each of them. */
export function countQuery(query: CountQuery) {
  const accounts = sufficientAccounts(query);
  return accounts === 'every' ? countAll(query) : countVisible(query, accounts);
}

function countAll({ selection }: CountQuery) {
  const counted = sqlBuilder.selectFrom('connections').select((eb) => eb.fn.countAll<number>().as('count'));
  return matching(counted, selection, 'indexed');
}

/** Along the viewer's own accounts, so that time does not tell how much there is that the viewer may not see. */
function countVisible({ selection }: CountQuery, accounts: readonly AccountId[]) {
  // One parameter however many accounts there are, so that the statement's text stays the same.
  const listed = sql<AccountId>`(SELECT value FROM json_each(${JSON.stringify(accounts)}))`;
  const inRole = (role: AccountRole) =>
    matching(
      sqlBuilder.selectFrom('connections').select('id').where(ACCOUNT_COLUMN[role], 'in', listed),
      selection,
      'compared',
    );
  const visible = inRole('MANAGEMENT_ACCOUNT').union(inRole('ENVIRONMENT_ACCOUNT')).as('visible');
  return sqlBuilder.selectFrom(visible).select((eb) => eb.fn.countAll<number>().as('count'));
}

function matching<Output>(
  query: ConnectionQuery<Output>,
  selection: NormalizedSelection,
  style: ColumnStyle,
): ConnectionQuery<Output> {
  return takingPart(narrowed(query, selection, style), selection, style);
}

function takingPart<Output>(
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
