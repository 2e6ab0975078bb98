import type BetterSqlite3 from 'better-sqlite3';

import type { ConnectionId } from '../../../proton/identifiers';
import { endOfPrefix } from '../../selected-rows';
import { limitOf } from '../limit';
import { pin } from '../pin-native';
import { remainingValuesOf, type IndexRange } from './list-branches';
import { conditionsOn, NEWEST_FIRST, shapeOf, type ListOrder, type Position } from './range-reads';

/** A range of an index in which names come before the position: all rows whose names begin with a prefix. */
export interface PrefixRange extends IndexRange {
  readonly namePrefix: string;
}

export function isPrefixRange(range: IndexRange): range is PrefixRange {
  return range.namePrefix !== undefined;
}

/** The position of a row in such an index. */
export interface NamePosition extends Position {
  readonly name: string;
}

/** Rows after a position of a list (exclusive), up to another one (inclusive). */
export interface Between {
  readonly after: Position;
  readonly last: Position;
}

/** The statements for one range of this kind. They read from `after` (exclusive) backwards, along indexes alone, in either order of lists. */
export interface PrefixReads {
  /** The position before all rows. */
  readonly start: NamePosition;
  /** The position of the last one of the next `rows` rows. Undefined when fewer are left. */
  readonly endOfStep: (after: NamePosition, rows: number) => NamePosition | undefined;
  /** The ids of the list's first rows up to `end` (inclusive; undefined is the end of the range) that lie between two positions of the list. */
  readonly ids: (
    after: NamePosition,
    end: NamePosition | undefined,
    between: Between,
    limit: number,
  ) => ConnectionId[];
  /** The number of these rows. */
  readonly count: (after: NamePosition, end: NamePosition | undefined, between: Between) => number;
}

interface Statements {
  readonly last: BetterSqlite3.Statement<unknown[], NamePosition>;
  readonly ids: BetterSqlite3.Statement<unknown[], ConnectionId>;
  readonly count: BetterSqlite3.Statement<unknown[], number>;
}

/** Prepares the statements of each shape once. */
export function prefixReads(
  database: BetterSqlite3.Database,
): (range: PrefixRange, order: ListOrder) => PrefixReads {
  const prepared = new Map<string, Statements>();
  return (range, order) => {
    const key = shapeOf(range) + order.direction;
    let statements = prepared.get(key);
    if (!statements) prepared.set(key, (statements = prepare(database, range, order)));
    return readsOn(statements, range);
  };
}

const KEY = '(environment_name, requested_at, id)';

function prepare(
  database: BetterSqlite3.Database,
  range: PrefixRange,
  { after, upTo, direction }: ListOrder,
): Statements {
  const equal = range.equal.map(([column]) => `${column} = ?`);
  const from = `FROM connections INDEXED BY ${range.index} WHERE ${[...equal, `${KEY} < (?, ?, ?)`, `${KEY} >= (?, ?, ?)`].join(' AND ')}`;
  const conditions = [
    '',
    ...conditionsOn(range),
    `(requested_at, id) ${after} (?, ?)`,
    `(requested_at, id) ${upTo} (?, ?)`,
  ].join(' AND ');
  return {
    last: pin(
      database.prepare<unknown[], NamePosition>(
        `SELECT environment_name AS name, requested_at AS requestedAt, id ${from}
         ORDER BY environment_name DESC, requested_at DESC, id DESC LIMIT 1 OFFSET ?`,
      ),
    ),
    ids: pin(
      database
        .prepare<unknown[], ConnectionId>(
          `SELECT id ${from}${conditions}
           ORDER BY requested_at ${direction}, id ${direction} ${limitOf('?')}`,
        )
        .pluck(true),
    ),
    count: pin(database.prepare<unknown[], number>(`SELECT count(*) ${from}${conditions}`).pluck(true)),
  };
}

function readsOn(statements: Statements, range: PrefixRange): PrefixReads {
  const equal = range.equal.map(([, value]) => value);
  const remaining = remainingValuesOf(range);
  const { start: newest, end: oldest } = NEWEST_FIRST;
  const first: NamePosition = { ...oldest, name: range.namePrefix };
  return {
    start: { ...newest, name: endOfPrefix(range.namePrefix) },
    endOfStep: (after, rows) =>
      statements.last.get(...equal, ...valuesOf(after), ...valuesOf(first), rows - 1),
    ids: (after, end = first, between, limit) =>
      statements.ids.all(
        ...equal,
        ...valuesOf(after),
        ...valuesOf(end),
        ...remaining,
        ...boundsOf(between),
        limit,
      ),
    count: (after, end = first, between) =>
      statements.count.get(
        ...equal,
        ...valuesOf(after),
        ...valuesOf(end),
        ...remaining,
        ...boundsOf(between),
      ) ?? 0,
  };
}

function boundsOf({ after, last }: Between): readonly [number, string, number, string] {
  return [after.requestedAt, after.id, last.requestedAt, last.id];
}

function valuesOf({ name, requestedAt, id }: NamePosition): readonly [string, number, string] {
  return [name, requestedAt, id];
}
