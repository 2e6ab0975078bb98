import type BetterSqlite3 from 'better-sqlite3';

import type { ConnectionId } from '../../../proton/identifiers';
import { pin } from '../pin-native';
import type { IndexRange, ListColumn } from './list-branches';

/** The position of a row in the order of lists. */
export type Position = readonly [requestedAt: number, id: string];

/** Positions before and after all rows. */
export const NEWEST: Position = [Number.MAX_SAFE_INTEGER, ''];
export const OLDEST: Position = [Number.MIN_SAFE_INTEGER, ''];

/** The most rows that a step compares. Looking up each one takes 14 µs in a table of a million rows, so a step takes up to 4 ms. */
const ROWS_PER_STEP = 256;

/** The two statements for ranges of one shape. Both read from `after` (exclusive) down to `oldest` (inclusive). */
export interface RangeReads {
  /** The position of the last row of a step, read from the index alone. Undefined when fewer rows are left. */
  readonly endOfStep: (equal: readonly string[], after: Position, oldest: Position) => Position | undefined;
  /** The ids of the newest rows that meet the remaining conditions. Where there are none, they are read from the index alone. */
  readonly ids: (
    equal: readonly string[],
    after: Position,
    oldest: Position,
    remaining: readonly string[],
    limit: number,
  ) => ConnectionId[];
}

/** Prepares the statements of each shape once. Shapes are combinations of an index and remaining conditions, so they are few. */
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
  // The query names its index: without statistics, SQLite would only guess.
  const select = (columns: string, conditions: readonly string[]) =>
    `SELECT ${columns} FROM connections INDEXED BY ${index} ` +
    `WHERE ${conditions.join(' AND ')} ORDER BY requested_at DESC, id DESC`;

  const last = pin(
    database
      .prepare<unknown[], [number, string]>(
        `${select('requested_at, id', inRange)} LIMIT 1 OFFSET ${String(ROWS_PER_STEP - 1)}`,
      )
      .raw(true),
  );
  const ids = pin(
    database
      .prepare<unknown[], ConnectionId>(`${select('id', [...inRange, ...remaining])} LIMIT ?`)
      .pluck(true),
  );
  return {
    endOfStep: (equal, after, oldest) => last.get(...equal, ...after, ...oldest),
    ids: (equal, after, oldest, remaining, limit) =>
      ids.all(...equal, ...after, ...oldest, ...remaining, limit),
  };
}

function oneOf([column, values]: readonly [ListColumn, readonly string[]]): string {
  return values.length === 1 ? `${column} = ?` : `${column} IN (${values.map(() => '?').join(', ')})`;
}
