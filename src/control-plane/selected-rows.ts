import { ConnectionStatus } from '../proton/connection';
import type { NormalizedSelection } from '../proton/page';
import type { ConnectionRow } from './connection-rows';
import type { CountQuery, Visibility } from './store';

/** What every store must know to read the rows of a list or a count. */

/** The columns that a list can filter by. */
export type ListColumn = keyof Pick<
  ConnectionRow,
  'management_account_id' | 'environment_account_id' | 'environment_name' | 'region' | 'status'
>;

/** The values that a row must have. `status` may list several; other columns have one. */
export type Conditions = ReadonlyMap<ListColumn, readonly string[]>;

/** Values are as the client sent them. One that no row can have matches nothing. */
export function conditionsOf(selection: NormalizedSelection): Conditions {
  const conditions = new Map<ListColumn, readonly string[]>();
  const equal = (column: ListColumn, value: string | null) => {
    if (value !== null) conditions.set(column, [value]);
  };
  equal('management_account_id', selection.managementAccountId);
  equal('environment_account_id', selection.environmentAccountId);
  equal('environment_name', selection.environmentName);
  equal('region', selection.region);
  const { statuses } = selection;
  // All statuses together don't filter.
  const isEvery = statuses?.length === Object.keys(ConnectionStatus).length;
  if (statuses !== null && !isEvery) conditions.set('status', statuses);
  return conditions;
}

/**
 * The accounts to which a query must be limited. A viewer sees every connection of an account that they may read, so a selection
 * within such an account needs no further limit.
 */
export function sufficientAccounts({ selection, visibleTo }: CountQuery): Visibility {
  if (visibleTo === 'every') return 'every';
  const { participation, managementAccountId, environmentAccountId } = selection;
  const within = [participation?.accountId, managementAccountId, environmentAccountId];
  return visibleTo.some((account) => within.includes(account)) ? 'every' : visibleTo;
}
