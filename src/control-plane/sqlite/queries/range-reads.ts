import type BetterSqlite3 from 'better-sqlite3';

import { keep } from '../pin-native';
import { CONNECTION_COLUMNS, type ConnectionTuple } from '../rows';
import type { IndexRange, ListColumn } from './list-branches';

/** `requested_at` and `id`: where a row is in the order of lists. */
export type Position = readonly [requestedAt: number, id: string];

/** Positions before and behind all rows. */
export const NEWEST: Position = [Number.MAX_SAFE_INTEGER, ''];
export const OLDEST: Position = [Number.MIN_SAFE_INTEGER, ''];

/** Rows that one step compares at most: some 4 ms when each must be looked up, at 14 µs, in a table of a million rows. */
const ROWS_PER_STEP = 256;

/** The two statements on ranges of one shape. Both go from `after` down to `oldest`, which is included. */
export interface RangeReads {
  /** The position of the last row of a step, from the index alone. Undefined when so many rows are not left. */
  readonly endOfStep: (equal: readonly string[], after: Position, oldest: Position) => Position | undefined;
  /** The newest rows that meet the remaining conditions. */
  readonly rows: (
    equal: readonly string[],
    after: Position,
    oldest: Position,
    remaining: readonly string[],
    limit: number,
  ) => ConnectionTuple[];
}

/** Prepares the statements for each shape once: there are as many shapes as indexes and sets of remaining conditions. */
export function rangeReads(database: BetterSqlite3.Database): (range: IndexRange) => RangeReads {
  const prepared = new Map<string, RangeReads>();
  return (range) => {
    const remaining = [...range.remaining].map(oneOf);
    const key = [range.index, ...remaining].join(' AND ');
    let reads = prepared.get(key);
    if (!reads) prepared.set(key, (reads = prepareReads(database, range, remaining)));
    return reads;
  };
}

function prepareReads(
  database: BetterSqlite3.Database,
  { index, equal }: IndexRange,
  remaining: readonly string[],
): RangeReads {
  const inRange = [
    ...equal.map(([column]) => `${column} = ?`),
    '(requested_at, id) < (?, ?)',
    '(requested_at, id) >= (?, ?)',
  ];
  // SQLite keeps no statistics here, and would guess which index is best; so the query names it.
  const select = (columns: string, conditions: readonly string[]) =>
    `SELECT ${columns} FROM connections INDEXED BY ${index} ` +
    `WHERE ${conditions.join(' AND ')} ORDER BY requested_at DESC, id DESC`;

  const last = keep(
    database
      .prepare<unknown[], [number, string]>(
        `${select('requested_at, id', inRange)} LIMIT 1 OFFSET ${String(ROWS_PER_STEP - 1)}`,
      )
      .raw(true),
  );
  const rows = keep(
    database
      .prepare<unknown[], ConnectionTuple>(
        `${select(CONNECTION_COLUMNS.join(', '), [...inRange, ...remaining])} LIMIT ?`,
      )
      .raw(true),
  );
  return {
    endOfStep: (equal, after, oldest) => last.get(...equal, ...after, ...oldest),
    rows: (equal, after, oldest, remaining, limit) =>
      rows.all(...equal, ...after, ...oldest, ...remaining, limit),
  };
}

function oneOf([column, values]: readonly [ListColumn, readonly string[]]): string {
  return values.length === 1 ? `${column} = ?` : `${column} IN (${values.map(() => '?').join(', ')})`;
}
