import { ConnectionStatus } from '../../../proton/connection';
import type { ConnectionPosition } from '../../../proton/page';
import type { Conditions, ListColumn, Narrowing } from '../../selected-rows';
import type { Parameters } from '../session';
import { prefixTexts, tagTexts, type Arm } from './arms';

/** The rows that have the same values in the first columns of an index, read along that index, newest request first. */
export interface Walk {
  /** Tables with the values of columns that have several: each combination is a walk of its own. */
  readonly tables: readonly string[];
  /** How many combinations there are. */
  readonly count: number;
  /** Whether rows are checked for more than the index is ordered by. */
  readonly hasChecks: boolean;
  /** The condition for rows of the walk that come after the position. @param oldest a lower bound of `requested_at` */
  readonly where: (oldest?: string) => string;
  /** The order of the index, from its end. */
  readonly order: string;
}

interface Index {
  /** The columns before `requested_at` and `id`, and before the status of an index `byStatus`. */
  readonly columns: readonly ListColumn[];
  readonly byStatus?: boolean;
}

const BY_ACCOUNTS: Index = { columns: ['management_account_id', 'environment_account_id'] };
const BY_ENVIRONMENT_ACCOUNT: Index = { columns: ['environment_account_id'], byStatus: true };
/** The first one whose columns a list filters by is walked. A list without a status walks an index `byStatus` along each status. */
const INDEXES: readonly Index[] = [
  // A viewer may read one of the two accounts, and the time of a list must not reveal how many connections the other one has.
  BY_ACCOUNTS,
  // An account has few rows of a name, and an environment account few rows at all, because of its quota.
  BY_ENVIRONMENT_ACCOUNT,
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

/** A position before all rows. */
const NEWEST = { requestedAt: '9223372036854775807', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' };

/**
 * The walk along the best index, without a choice for the planner.
 *
 * With `column = $1` it may take any index with the order of requests and check each row, when it takes the value for a frequent one.
 * That reads the whole table for a value that is absent, or that only old rows have. Here the bounds and the order name all columns of
 * one index, so no other index has the rows in this order. What else is checked is an expression, which no index is made for.
 */
export function walkOf(
  { columns: conditions, narrowing }: Arm,
  after: ConnectionPosition | undefined,
  parameters: Parameters,
): Walk {
  // An environment account has few rows, so that it needs no range of names.
  if (narrowing.namePrefix !== undefined && !conditions.has('environment_account_id'))
    return walkByName(conditions, narrowing, after, parameters);
  const index =
    INDEXES.find(({ columns }) => columns.every((column) => conditions.has(column))) ?? BY_REQUEST;
  const indexed = index.byStatus ? [...index.columns, 'status' as const] : index.columns;
  const tables: string[] = [];
  let count = 1;
  const values = indexed.map((column) => {
    const given = conditions.get(column) ?? EVERY_STATUS;
    if (given.length === 1) return parameters.add(given[0], 'text');
    tables.push(`unnest(${parameters.add(given, 'text[]')}) AS each_${column}(value)`);
    count *= given.length;
    return `each_${column}.value`;
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

  // Equal values are enough where they select few rows: the planner has good reasons then.
  const equal = index === BY_ENVIRONMENT_ACCOUNT || index === BY_ACCOUNTS ? indexed.length : 0;
  const names = indexed.map((column) => `connections.${column}`);
  const same = names.slice(0, equal).map((name, place) => `${name} = ${values[place] ?? ''}`);
  const { requestedAt, id } = after ?? NEWEST;
  const position = [parameters.add(requestedAt, 'bigint'), parameters.add(id, 'uuid')];
  const ordered = [...names.slice(equal), 'connections.requested_at', 'connections.id'];
  const before = `${rowText(ordered)} < ${rowText([...values.slice(equal), ...position])}`;

  return {
    tables,
    count,
    hasChecks: checks.length > 0,
    where(oldest) {
      const bounds = oldest === undefined ? [] : [oldest];
      const since = [...values.slice(equal), ...bounds];
      const from = ordered.slice(0, since.length);
      return [
        ...same,
        ...(since.length > 0 ? [`${rowText(from)} >= ${rowText(since)}`] : []),
        before,
        ...checks,
      ].join(' AND ');
    },
    order: ordered.map((name) => `${name} DESC`).join(', '),
  };
}

/**
 * Reads all names with the prefix, of all connections or of a management account, along an index of names, and sorts their rows. In the
 * order of lists, a prefix that few names have would be looked for in the whole table.
 */
function walkByName(
  conditions: Conditions,
  narrowing: Narrowing,
  after: ConnectionPosition | undefined,
  parameters: Parameters,
): Walk {
  const tables: string[] = [];
  const accounts = conditions.get('management_account_id') ?? [];
  const same: string[] = [];
  if (accounts.length > 0) {
    tables.push(`unnest(${parameters.add(accounts, 'text[]')}) AS each_account(value)`);
    same.push('connections.management_account_id = each_account.value');
  }
  const checks = [...conditions]
    .filter(([column]) => column !== 'management_account_id')
    .map(([column, given]) => checkText(column, given, parameters));
  const { requestedAt, id } = after ?? NEWEST;
  // An expression, so that the planner finds no index with this order.
  const position = ['connections.requested_at + 0', 'connections.id'];
  const before = `${rowText(position)} < ${rowText([parameters.add(requestedAt, 'bigint'), parameters.add(id, 'uuid')])}`;
  const all = [
    ...same,
    ...prefixTexts(narrowing, parameters),
    before,
    ...checks,
    ...tagTexts(narrowing, parameters),
  ];
  return {
    tables,
    count: Math.max(1, accounts.length),
    hasChecks: true,
    where: () => all.join(' AND '),
    order: position.map((part) => `${part} DESC`).join(', '),
  };
}

/** A condition that no index is made for. */
function checkText(column: ListColumn, values: readonly string[], parameters: Parameters): string {
  return `connections.${column} || '' = ANY (${parameters.add(values, 'text[]')})`;
}

function rowText(values: readonly string[]): string {
  return values.length === 1 ? values.join() : `(${values.join(', ')})`;
}
