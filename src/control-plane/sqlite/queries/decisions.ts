import type BetterSqlite3 from 'better-sqlite3';

import type { OverviewPeriod } from '../../../proton/overview';
import { narrowingOf, type Conditions, type ListColumn, type Narrowing } from '../../selected-rows';
import type { OverviewQuery } from '../../store';
import { pin } from '../pin-native';
import { branchesOf, indexOf, remainingValuesOf, type IndexRange } from './list-branches';
import { conditionsOn, shapeOf } from './range-reads';
import type { Steps } from './step-runner';

/** The rows of an index that a step visits. */
const ROWS_PER_STEP = 512;

export interface DecidedRow {
  readonly decision: 'ACCEPTED' | 'REJECTED';
  readonly decidedAt: number;
  readonly requestedAt: number;
}

/** The indexes of decisions. Each has `decided_at`, `requested_at`, `id` and `decision` after its account. */
const INDEXES: readonly { readonly name: string; readonly column?: ListColumn }[] = [
  // First, because it has the management account too.
  { name: 'decisions_by_environment_account', column: 'environment_account_id' },
  { name: 'decisions_by_management_account', column: 'management_account_id' },
  { name: 'decisions_by_time' },
];

/** A range of such an index. */
type DecisionRange = Pick<IndexRange, 'index' | 'equal' | 'remaining' | 'checks' | 'namePrefix'> & {
  /** Rows with these management accounts are in another range. */
  readonly withoutManagement: readonly string[];
};

/**
 * Reads the first decisions that were made in a period on selected connections that a viewer may see, each once, in short steps. Like a
 * list, it visits only rows of accounts that the viewer may read.
 */
export function decisionsOf(
  database: BetterSqlite3.Database,
): (query: OverviewQuery, each: (row: DecidedRow) => void) => Steps<void> {
  const prepared = new Map<string, Statements>();
  function statementsOf(range: DecisionRange): Statements {
    const key = [shapeOf(range), range.withoutManagement.length > 0].join();
    let statements = prepared.get(key);
    if (!statements) prepared.set(key, (statements = prepare(database, range)));
    return statements;
  }
  return function* (query, each) {
    for (const range of rangesOf(query)) yield* readRange(statementsOf(range), range, query.period, each);
  };
}

function* rangesOf(query: OverviewQuery): Iterable<DecisionRange> {
  const narrowing = narrowingOf(query.selection);
  if (!narrowing) return;
  const branches = [...branchesOf(query)];
  const managers = branches.flatMap((branch) =>
    branch.has('environment_account_id') ? [] : (branch.get('management_account_id') ?? []),
  );
  for (const branch of branches) yield rangeOf(branch, narrowing, managers);
}

function rangeOf(branch: Conditions, checks: Narrowing, managers: readonly string[]): DecisionRange {
  const index = INDEXES.find(({ column }) => column === undefined || branch.has(column));
  if (!index) throw new Error('every branch has an index of decisions');
  const { name, column } = index;
  const [account = ''] = (column && branch.get(column)) ?? [];
  return {
    index: name,
    equal: column === undefined ? [] : [[column, account]],
    namePrefix: undefined,
    remaining: [...branch]
      .filter(([other]) => other !== column)
      .map(([other, values]) => ({ column: other, values, index: indexOf(other) })),
    checks,
    // A connection has one account in each role, so it may be in two branches of a viewer's accounts.
    withoutManagement: column === 'environment_account_id' ? managers : [],
  };
}

/** A place in an index of decisions. */
type Place = readonly [decidedAt: number, requestedAt: number, id: string];

interface Statements {
  readonly endOfStep: BetterSqlite3.Statement<unknown[], Place>;
  readonly rows: BetterSqlite3.Statement<unknown[], DecidedRow>;
}

const TABLE = 'connection_decisions';
const PLACE = '(decided_at, requested_at, id)';

function prepare(database: BetterSqlite3.Database, range: DecisionRange): Statements {
  const walked = [...range.equal.map(([column]) => `${column} = ?`), `${PLACE} > (?, ?, ?)`].join(' AND ');
  const from = `FROM ${TABLE} INDEXED BY ${range.index} WHERE ${walked}`;
  const conditions = [
    '',
    `${PLACE} <= (?, ?, ?)`,
    ...conditionsOn(range, TABLE),
    ...(range.withoutManagement.length === 0
      ? []
      : ['management_account_id NOT IN (SELECT value FROM json_each(?))']),
  ].join(' AND ');
  return {
    endOfStep: pin(
      database
        .prepare<unknown[], Place>(
          `SELECT decided_at, requested_at, id ${from}
           ORDER BY decided_at, requested_at, id LIMIT 1 OFFSET ${String(ROWS_PER_STEP - 1)}`,
        )
        .raw(true),
    ),
    rows: pin(
      database.prepare<unknown[], DecidedRow>(
        `SELECT decision, decided_at AS decidedAt, requested_at AS requestedAt ${from}${conditions}`,
      ),
    ),
  };
}

function* readRange(
  { endOfStep, rows }: Statements,
  range: DecisionRange,
  { startsAt }: OverviewPeriod,
  each: (row: DecidedRow) => void,
): Steps<void> {
  const equal = range.equal.map(([, value]) => value);
  const { withoutManagement } = range;
  const remaining = [
    ...remainingValuesOf(range),
    ...(withoutManagement.length === 0 ? [] : [JSON.stringify(withoutManagement)]),
  ];
  let after: Place = [startsAt, Number.MIN_SAFE_INTEGER, ''];
  for (;;) {
    const end = endOfStep.get(...equal, ...after);
    const found = rows.all(...equal, ...after, ...(end ?? LAST_PLACE), ...remaining);
    for (const row of found) each(row);
    yield;
    if (!end) return;
    after = end;
  }
}

const LAST_PLACE: Place = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, ''];
