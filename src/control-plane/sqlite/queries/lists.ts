import type BetterSqlite3 from 'better-sqlite3';

import { StoredConnection } from '../../../proton/connection';
import type { ListQuery } from '../../store';
import type { ConnectionTuple } from '../rows';
import { alternativesFor, branchesOf, type IndexRange } from './list-branches';
import { NEWEST, OLDEST, type Position, rangeReads, type RangeReads } from './range-reads';
import type { Steps } from './step-runner';

/** Collects rows in any order and keeps the newest ones, each once, newest first. */
class NewestRows {
  private readonly newest: ConnectionTuple[] = [];
  private readonly ids = new Set<string>();

  constructor(private readonly limit: number) {}

  get rows(): readonly ConnectionTuple[] {
    return this.newest;
  }

  /** The position of the oldest row, once there are `limit` rows: older rows are not needed. */
  get oldest(): Position | undefined {
    const last = this.newest.at(-1);
    return last && this.newest.length >= this.limit ? [last[9], last[0]] : undefined;
  }

  add(row: ConnectionTuple): void {
    if (this.ids.has(row[0])) return;
    let index = this.newest.length;
    for (let newer = this.newest[index - 1]; newer && isNewer(row, newer); newer = this.newest[index - 1])
      index -= 1;
    if (index >= this.limit) return;
    this.newest.splice(index, 0, row);
    this.ids.add(row[0]);
    if (this.newest.length <= this.limit) return;
    const dropped = this.newest.pop();
    if (dropped) this.ids.delete(dropped[0]);
  }
}

/** By code units, as SQLite compares ids: they are lower-case UUIDs. */
function isNewer(one: ConnectionTuple, other: ConnectionTuple): boolean {
  return one[9] === other[9] ? one[0] > other[0] : one[9] > other[9];
}

/**
 * Reads lists in short steps: one or two statements that visit a bounded number of rows.
 *
 * Writes may be committed between two steps. Pages stay consistent, because rows are found by their position (`requested_at`, `id`),
 * which never changes:
 * - A connection that matches all the time is on its page, once.
 * - Every row matched when its step read it. A connection that is created, changed or deleted meanwhile may appear in either state.
 * - A cursor is a position, so it works even after its row was deleted.
 */
export function listsOf(
  database: BetterSqlite3.Database,
): (queries: readonly ListQuery[]) => Steps<StoredConnection[][]> {
  const readsOf = rangeReads(database);
  return function* (queries) {
    const lists: StoredConnection[][] = [];
    for (const query of queries) lists.push(yield* list(readsOf, query));
    return lists;
  };
}

/**
 * A branch is done when one alternative is done. Alternatives run in turns, because rows found by one limit how far the others must
 * read.
 */
function* list(readsOf: (range: IndexRange) => RangeReads, query: ListQuery): Steps<StoredConnection[]> {
  const found = new NewestRows(query.limit);
  const visibleTo = query.visibleTo === 'every' ? 'every' : new Set<string>(query.visibleTo);

  function* step(alternatives: readonly Alternative[], unread: (readonly Alternative[])[]): Steps<void> {
    for (const alternative of alternatives) {
      const isRead = alternative.step(found);
      yield;
      if (isRead) return;
    }
    unread.push(alternatives);
  }

  let unread: (readonly Alternative[])[] = [];
  for (const branch of branchesOf(query)) {
    const alternatives = alternativesFor(branch, visibleTo).map(
      (ranges) => new Alternative(readsOf, ranges, query),
    );
    yield* step(alternatives, unread);
  }
  while (unread.length > 0) {
    const stillUnread: (readonly Alternative[])[] = [];
    for (const alternatives of unread) yield* step(alternatives, stillUnread);
    unread = stillUnread;
  }
  return found.rows.map((row) => new StoredConnection(row));
}

/** Reads the ranges of one alternative in turn. */
class Alternative {
  private readonly unread: RangeReader[];

  constructor(readsOf: (range: IndexRange) => RangeReads, ranges: readonly IndexRange[], query: ListQuery) {
    this.unread = ranges.map((range) => new RangeReader(readsOf(range), range, query));
  }

  /** @returns whether all rows that belong on the page have been read */
  step(found: NewestRows): boolean {
    const range = this.unread.shift();
    if (range && !range.step(found)) this.unread.push(range);
    return this.unread.length === 0;
  }
}

/** Reads one range from the newest row to the oldest. */
class RangeReader {
  private readonly equal: readonly string[];
  private readonly remaining: readonly string[];
  private readonly limit: number;
  private after: Position;

  constructor(
    private readonly reads: RangeReads,
    { equal, remaining }: IndexRange,
    { after, limit }: ListQuery,
  ) {
    this.equal = equal.map(([, value]) => value);
    this.remaining = [...remaining.values()].flat();
    this.limit = limit;
    this.after = after ? [after.requestedAt, after.id] : NEWEST;
  }

  step(found: NewestRows): boolean {
    const oldest = found.oldest ?? OLDEST;
    const end =
      this.remaining.length === 0 ? undefined : this.reads.endOfStep(this.equal, this.after, oldest);
    const rows = this.reads.rows(this.equal, this.after, end ?? oldest, this.remaining, this.limit);
    for (const row of rows) found.add(row);
    if (end === undefined || rows.length === this.limit) return true;
    this.after = end;
    return false;
  }
}
