import type { NormalizedSelection } from '../../../proton/connection-list';
import { ConnectionStatus, type AccountRole } from '../../../proton/connection';
import type { CountQuery } from '../../store';
import { ACCOUNT_COLUMN, type ConnectionRow } from '../schema';
import { sufficientAccounts } from './visibility';

/** The columns that a list can compare. */
export type ListColumn = keyof Pick<
  ConnectionRow,
  'management_account_id' | 'environment_account_id' | 'environment_name' | 'region' | 'status'
>;

/** The values that a row must have: one for each column, or several for `status`. */
export type Conditions = ReadonlyMap<ListColumn, readonly string[]>;

/** An index over `columns`, then `requested_at` and `id`: it holds the rows of equal columns in the order of lists. */
interface ListIndex {
  readonly name: string;
  readonly columns: readonly ListColumn[];
}

/** One range of one index, in which the rows of a branch lie. `remaining` is compared row by row. */
export interface IndexRange {
  readonly index: string;
  readonly equal: readonly (readonly [ListColumn, string])[];
  readonly remaining: Conditions;
}

/** Every index that lists use, made by the first and third step of `migrations.ts`. Each serves its columns alone; an account has one with each other column. */
const LIST_INDEXES: readonly ListIndex[] = [
  { name: 'connections_by_request', columns: [] },
  { name: 'connections_by_management_account', columns: ['management_account_id'] },
  { name: 'connections_by_environment_account', columns: ['environment_account_id'] },
  { name: 'connections_by_environment_name', columns: ['environment_name'] },
  { name: 'connections_by_region', columns: ['region'] },
  { name: 'connections_by_status', columns: ['status'] },
  { name: 'connections_by_accounts', columns: ['management_account_id', 'environment_account_id'] },
  { name: 'connections_by_management_and_name', columns: ['management_account_id', 'environment_name'] },
  { name: 'connections_by_management_and_region', columns: ['management_account_id', 'region'] },
  { name: 'connections_by_management_and_status', columns: ['management_account_id', 'status'] },
  { name: 'connections_by_environment_and_name', columns: ['environment_account_id', 'environment_name'] },
  { name: 'connections_by_environment_and_region', columns: ['environment_account_id', 'region'] },
  { name: 'connections_by_environment_and_status', columns: ['environment_account_id', 'status'] },
];

/**
 * The branches of a list: each row that the viewer may see and that is selected meets the conditions of at least one. An account
 * in either role is two branches, and so is each account of a viewer: short walks along an index, where an OR would read all rows.
 */
export function* branchesOf(query: CountQuery): Iterable<Conditions> {
  const { participation } = query.selection;
  const selected = conditionsOf(query.selection);
  const branches =
    participation === null ? [selected] : inRoles(selected, participation.accountId, participation.role);
  const accounts = sufficientAccounts(query);
  for (const branch of branches) {
    if (accounts === 'every') yield branch;
    else for (const account of accounts) yield* inRoles(branch, account);
  }
}

/**
 * The ways to read a branch, each along one index; each finds all of its rows. There are several where no index has all columns:
 * SQLite has no statistics of which values are frequent, so all of them are tried at once.
 *
 * For a viewer, the index is one of an account that the viewer may read: rows that the viewer may not see are not even passed over,
 * so time does not tell how many there are.
 */
export function waysToRead(
  branch: Conditions,
  visibleTo: 'every' | ReadonlySet<string>,
): readonly IndexRange[][] {
  const usable = LIST_INDEXES.filter(
    ({ columns }) =>
      columns.every((column) => branch.has(column)) &&
      (visibleTo === 'every' || isOfAccounts(columns, branch, visibleTo)),
  );
  const width = Math.max(...usable.map(({ columns }) => columns.length));
  return usable.filter(({ columns }) => columns.length === width).map((index) => rangesOf(index, branch));
}

/** Whether the columns alone see to it that every row is one of these accounts. */
function isOfAccounts(
  columns: readonly ListColumn[],
  branch: Conditions,
  accounts: ReadonlySet<string>,
): boolean {
  return Object.values(ACCOUNT_COLUMN).some(
    (column) => columns.includes(column) && accounts.has(branch.get(column)?.[0] ?? ''),
  );
}

/** One range, or one for each status. */
function rangesOf({ name, columns }: ListIndex, branch: Conditions): IndexRange[] {
  const remaining = new Map([...branch].filter(([column]) => !columns.includes(column)));
  let equals: (readonly [ListColumn, string])[][] = [[]];
  for (const column of columns) {
    const values = branch.get(column) ?? [];
    equals = equals.flatMap((equal) => values.map((value) => [...equal, [column, value] as const]));
  }
  return equals.map((equal) => ({ index: name, equal, remaining }));
}

/** Values come as they were asked for; one that no row can have matches none. */
function conditionsOf(selection: NormalizedSelection): Conditions {
  const conditions = new Map<ListColumn, readonly string[]>();
  const equal = (column: ListColumn, value: string | null) => {
    if (value !== null) conditions.set(column, [value]);
  };
  equal('management_account_id', selection.managementAccountId);
  equal('environment_account_id', selection.environmentAccountId);
  equal('environment_name', selection.environmentName);
  equal('region', selection.region);
  const { statuses } = selection;
  // The table allows no other status.
  const isEvery = statuses?.length === Object.keys(ConnectionStatus).length;
  if (statuses !== null && !isEvery) conditions.set('status', statuses);
  return conditions;
}

/** The branch narrowed to an account in a role, or in each; without those that contradict themselves. */
function inRoles(branch: Conditions, account: string, role: AccountRole | null = null): Conditions[] {
  const columns = role === null ? Object.values(ACCOUNT_COLUMN) : [ACCOUNT_COLUMN[role]];
  return columns.flatMap((column) => {
    const given = branch.get(column);
    if (given !== undefined && given[0] !== account) return [];
    return [new Map([...branch, [column, [account]]])];
  });
}
