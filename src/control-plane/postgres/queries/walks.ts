import { ConnectionStatus } from '../../../proton/connection';
import type { ConnectionPosition } from '../../../proton/page';
import type { Conditions, ListColumn, Narrowing } from '../../selected-rows';
import type { Parameters } from '../session';
import { prefixTexts, tagTexts, type Arm } from './arms';

/** The rows that have the same values in the first columns of an index, read along that index in the order of the list. */
export interface Walk {
  /**
   * Tables with the values of columns that have several, a column each: each combination is a walk of its own. The others are in the
   * text of `first`, which takes these from a table with the alias `picked`.
   */
  readonly tables: readonly string[];
  /** How many combinations there are. */
  readonly count: number;
  /** Whether rows are checked for more than the index is ordered by. */
  readonly hasChecks: boolean;
  /** Selects `requested_at` and `id` of the first rows of one combination that come after the position, at most this many. */
  readonly first: (limit: number) => string;
}

interface Index {
  /** The columns before `requested_at` and `id`, and before the status of an index `byStatus`. */
  readonly columns: readonly ListColumn[];
  readonly byStatus?: boolean;
}

/** The first one whose columns a list filters by is walked. A list without a status walks an index `byStatus` along each status. */
const INDEXES: readonly Index[] = [
  // A viewer may read one of the two accounts, and the time of a list must not reveal how many connections the other one has.
  { columns: ['management_account_id', 'environment_account_id'] },
  // An account has few rows of a name, and an environment account few rows at all, because of its quota.
  { columns: ['environment_account_id'], byStatus: true },
  { columns: ['management_account_id', 'environment_name'], byStatus: true },
  { columns: ['management_account_id', 'region'], byStatus: true },
  { columns: ['management_account_id', 'status'] },
  { columns: ['management_account_id'] },
  { columns: ['environment_name'], byStatus: true },
  { columns: ['region'], byStatus: true },
  { columns: ['status'] },
];
const BY_REQUEST: Index = { columns: [] };

const EVERY_STATUS = Object.values(ConnectionStatus);

/** The order in which a list runs. */
export interface ListOrder {
  readonly direction: 'DESC' | 'ASC';
  /** How a row that comes later compares with a position. */
  readonly after: '<' | '>';
  /** A position before all rows. */
  readonly start: { readonly requestedAt: string; readonly id: string };
}

export const NEWEST_FIRST: ListOrder = {
  direction: 'DESC',
  after: '<',
  start: { requestedAt: '9223372036854775807', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' },
};
export const OLDEST_FIRST: ListOrder = {
  direction: 'ASC',
  after: '>',
  start: { requestedAt: '-9223372036854775808', id: '00000000-0000-0000-0000-000000000000' },
};

/**
 * The walk along the best index, without a choice for the planner.
 *
 * With `column = $1` it may take any index with the order of requests and check each row, when it takes the value for a frequent one.
 * That reads the whole table for a value that is absent, or that only old rows have. Here the bound and the order name all columns of
 * one index, so no other index has the rows in this order. The rows of other values, which come after those of the walk, are dropped
 * behind the limit: as a condition on several columns PostgreSQL before 18 would go on along the index until the first one changes.
 *
 * What else is checked is an expression, which no index is made for. Then equal values are safe: the planner expects few rows to pass,
 * so it compares whole walks, and this one is the shortest.
 */
export function walkOf(
  { columns: conditions, narrowing }: Arm,
  order: ListOrder,
  after: ConnectionPosition | undefined,
  parameters: Parameters,
): Walk {
  // An environment account has few rows, so that it needs no range of names.
  if (narrowing.namePrefix !== undefined && !conditions.has('environment_account_id'))
    return walkByName(conditions, narrowing, order, after, parameters);
  const index =
    INDEXES.find(({ columns }) => columns.every((column) => conditions.has(column))) ?? BY_REQUEST;
  const indexed = index.byStatus ? [...index.columns, 'status' as const] : index.columns;
  const tables: string[] = [];
  let count = 1;
  const values = indexed.map((column) => {
    const given = conditions.get(column) ?? EVERY_STATUS;
    if (given.length === 1) return parameters.add(given[0], 'text');
    tables.push(`unnest(${parameters.add(given, 'text[]')}) AS each_${column}(${column})`);
    count *= given.length;
    return `picked.${column}`;
  });
  const checks = [...conditions]
    .filter(([column]) => !indexed.includes(column))
    .map(([column, given]) => checkText(column, given, parameters));
  if (narrowing.namePrefix !== undefined) {
    checks.push(
      `starts_with(connections.environment_name || '', ${parameters.add(narrowing.namePrefix, 'text')})`,
    );
  }
  checks.push(...tagTexts(narrowing, parameters));
  const { requestedAt, id } = after ?? order.start;
  const position = [parameters.add(requestedAt, 'bigint'), parameters.add(id, 'uuid')];
  const equal = (table: string) =>
    indexed.map((column, place) => `${table}.${column} = ${values[place] ?? ''}`);

  function checkedRows(limit: number): string {
    const conditions = [
      ...equal('connections'),
      `(requested_at, id) ${order.after} (${position.join(', ')})`,
      ...checks,
    ];
    return `SELECT requested_at, id FROM connections WHERE ${conditions.join(' AND ')}
      ORDER BY requested_at ${order.direction}, id ${order.direction} LIMIT ${String(limit)}`;
  }

  function rows(limit: number): string {
    const columns = [...indexed, 'requested_at', 'id'];
    const walk = `SELECT ${columns.join(', ')} FROM connections
      WHERE (${columns.join(', ')}) ${order.after} (${[...values, ...position].join(', ')})
      ORDER BY ${columns.map((column) => `${column} ${order.direction}`).join(', ')} LIMIT ${String(limit)}`;
    return indexed.length === 0
      ? walk
      : `SELECT requested_at, id FROM (${walk}) AS following WHERE ${equal('following').join(' AND ')}`;
  }

  return { tables, count, hasChecks: checks.length > 0, first: checks.length > 0 ? checkedRows : rows };
}

/**
 * Reads all names with the prefix, of all connections or of a management account, along an index of names, and sorts their rows. In the
 * order of lists, a prefix that few names have would be looked for in the whole table.
 */
function walkByName(
  conditions: Conditions,
  narrowing: Narrowing,
  order: ListOrder,
  after: ConnectionPosition | undefined,
  parameters: Parameters,
): Walk {
  const accounts = conditions.get('management_account_id') ?? [];
  const tables =
    accounts.length > 1
      ? [`unnest(${parameters.add(accounts, 'text[]')}) AS each_account(management_account_id)`]
      : [];
  const account =
    accounts.length === 1 ? parameters.add(accounts[0], 'text') : 'picked.management_account_id';
  const checks = [...conditions]
    .filter(([column]) => column !== 'management_account_id')
    .map(([column, given]) => checkText(column, given, parameters));
  const { requestedAt, id } = after ?? order.start;
  const position = `(${parameters.add(requestedAt, 'bigint')}, ${parameters.add(id, 'uuid')})`;
  const all = [
    ...(accounts.length > 0 ? [`connections.management_account_id = ${account}`] : []),
    ...prefixTexts(narrowing, parameters),
    // An expression, so that the planner finds no index with this order.
    `(requested_at + 0, id) ${order.after} ${position}`,
    ...checks,
    ...tagTexts(narrowing, parameters),
  ].join(' AND ');
  return {
    tables,
    count: Math.max(1, accounts.length),
    hasChecks: true,
    first: (limit) =>
      `SELECT requested_at, id FROM connections WHERE ${all}
        ORDER BY requested_at + 0 ${order.direction}, id ${order.direction} LIMIT ${String(limit)}`,
  };
}

/** A condition that no index is made for. */
function checkText(column: ListColumn, values: readonly string[], parameters: Parameters): string {
  return `connections.${column} || '' = ANY (${parameters.add(values, 'text[]')})`;
}
