import type { AccountRole } from '../../../proton/connection';
import type { CountQuery } from '../../store';
import { ACCOUNT_COLUMN } from '../../connection-rows';
import {
  conditionsOf,
  endOfPrefix,
  sufficientAccounts,
  type Conditions,
  type ListColumn,
  type Narrowing,
} from '../../selected-rows';

/** An index over `columns`, then `requested_at` and `id`: rows with equal columns are in the order of lists. */
interface ListIndex {
  readonly name: string;
  readonly columns: readonly ListColumn[];
}

/** A range of an index that contains the rows of a branch. `remaining` and `checks` are checked row by row. */
export interface IndexRange {
  readonly index: string;
  readonly equal: readonly (readonly [ListColumn, string])[];
  /**
   * The beginning of the names in the range, of an index that has `environment_name` next. Its rows are in the order of names. Undefined
   * for a range in the order of lists.
   */
  readonly namePrefix: string | undefined;
  readonly remaining: readonly RemainingCondition[];
  readonly checks: Narrowing;
}

/** The parameters of a range's remaining conditions and checks, in the order of `conditionsOn`. */
export function remainingValuesOf({ remaining, checks }: IndexRange): readonly string[] {
  const { namePrefix, tagTexts } = checks;
  return [
    ...remaining.flatMap(({ values }) => values),
    ...(namePrefix === undefined ? [] : [namePrefix, endOfPrefix(namePrefix)]),
    ...(tagTexts.length === 0 ? [] : [JSON.stringify(tagTexts)]),
  ];
}

/** A condition on a column that the range's index lacks. */
export interface RemainingCondition {
  readonly column: ListColumn;
  readonly values: readonly string[];
  /** The index of this column, in which the row is looked up. */
  readonly index: string;
}

/** The index that has what checks need of each row. */
export const CHECKED_INDEX = 'connections_by_request_with_name_and_tags';

/** The indexes that lists use. Each column has one, and each account column has one with every other column. */
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
 * The branches of a list or a count: a visible, selected row meets the conditions of at least one branch. An account in either role becomes two
 * branches, and so does each account of a viewer. Each branch is a range of an index, where an OR would read all rows.
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
 * The alternatives for reading a branch. Each uses one index and finds all rows of the branch. When no index has all columns, there
 * are several: without statistics about frequent values, the caller runs them in parallel and takes the first that ends.
 *
 * A viewer's list uses only indexes of accounts that the viewer may read. It never visits other rows, so its duration does not reveal
 * how many there are.
 */
export function alternativesFor(
  branch: Conditions,
  narrowing: Narrowing,
  visibleTo: 'every' | ReadonlySet<string>,
): readonly IndexRange[][] {
  const { namePrefix } = narrowing;
  return [
    ...rangesInOrder(branch, narrowing, visibleTo),
    ...(namePrefix === undefined ? [] : [rangesByName(branch, { ...narrowing, namePrefix }, visibleTo)]),
  ];
}

/** The ranges of names with a prefix: best when few names have it. In the order of lists, rows are found at once when many have it. */
function rangesByName(
  branch: Conditions,
  { namePrefix, tagTexts }: Narrowing & { readonly namePrefix: string },
  visibleTo: 'every' | ReadonlySet<string>,
): IndexRange[] {
  const index = LIST_INDEXES.toReversed().find(
    ({ columns }) =>
      columns.at(-1) === 'environment_name' &&
      columns.slice(0, -1).every((column) => branch.has(column)) &&
      (visibleTo === 'every' || isLimitedTo(columns, branch, visibleTo)),
  );
  if (!index) throw new Error('each viewer can use an index of names');
  const named = { name: index.name, columns: index.columns.slice(0, -1) };
  return rangesOf(named, branch, { namePrefix: undefined, tagTexts }, namePrefix);
}

function rangesInOrder(
  branch: Conditions,
  narrowing: Narrowing,
  visibleTo: 'every' | ReadonlySet<string>,
): readonly IndexRange[][] {
  const usable = LIST_INDEXES.filter(
    ({ columns }) =>
      columns.every((column) => branch.has(column)) &&
      (visibleTo === 'every' || isLimitedTo(columns, branch, visibleTo)),
  );
  const width = Math.max(...usable.map(({ columns }) => columns.length));
  return usable
    .filter(({ columns }) => columns.length === width)
    .map((index) => rangesOf(index, branch, narrowing));
}

/** Whether the index columns alone limit the rows to these accounts. */
function isLimitedTo(
  columns: readonly ListColumn[],
  branch: Conditions,
  accounts: ReadonlySet<string>,
): boolean {
  return Object.values(ACCOUNT_COLUMN).some(
    (column) => columns.includes(column) && accounts.has(branch.get(column)?.[0] ?? ''),
  );
}

/** One range for each combination of values: several only when the index has `status`. */
function rangesOf(
  { name, columns }: ListIndex,
  branch: Conditions,
  checks: Narrowing,
  namePrefix?: string,
): IndexRange[] {
  const remaining = [...branch]
    .filter(([column]) => !columns.includes(column))
    .map(([column, values]) => ({ column, values, index: indexOf(column) }));
  let equals: (readonly [ListColumn, string])[][] = [[]];
  for (const column of columns) {
    const values = branch.get(column) ?? [];
    equals = equals.flatMap((equal) => values.map((value) => [...equal, [column, value] as const]));
  }
  return equals.map((equal) => ({ index: name, equal, namePrefix, remaining, checks }));
}

/** The name of the index of one column. */
export function indexOf(column: ListColumn): string {
  const index = LIST_INDEXES.find(({ columns }) => columns.length === 1 && columns[0] === column);
  if (!index) throw new Error(`${column} has no index`);
  return index.name;
}

/** The rows of both branches. Undefined when there can be none, because the branches name different accounts. */
export function intersectionOf(one: Conditions, other: Conditions): Conditions | undefined {
  const differ = Object.values(ACCOUNT_COLUMN).some((column) => {
    const [account] = one.get(column) ?? [];
    const [otherAccount] = other.get(column) ?? [];
    return account !== undefined && otherAccount !== undefined && account !== otherAccount;
  });
  return differ ? undefined : new Map([...one, ...other]);
}

/** The branch limited to an account in one role, or in each role. Leaves out contradictions. */
function inRoles(branch: Conditions, account: string, role: AccountRole | null = null): Conditions[] {
  const columns = role === null ? Object.values(ACCOUNT_COLUMN) : [ACCOUNT_COLUMN[role]];
  return columns.flatMap((column) => {
    const given = branch.get(column);
    if (given !== undefined && given[0] !== account) return [];
    return [new Map([...branch, [column, [account]]])];
  });
}
