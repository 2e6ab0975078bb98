import type BetterSqlite3 from 'better-sqlite3';

import type { Connection } from '../../../proton/connection';
import type { ListQuery } from '../../store';
import { connectionOf } from '../rows';
import { branchesOf, alternativesFor, type IndexRange } from './list-branches';
import { NewestRows } from './newest-rows';
import { NEWEST, OLDEST, rangeReads, type Position, type RangeReads } from './range-reads';
import type { Steps } from './step-runner';

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
): (queries: readonly ListQuery[]) => Steps<Connection[][]> {
  const readsOf = rangeReads(database);
  return function* (queries) {
    const lists: Connection[][] = [];
    for (const query of queries) lists.push(yield* list(readsOf, query));
    return lists;
  };
}

/**
 * A branch is complete when one of its alternatives is. All of them take turns, step by step, because the rows that one finds limit
 * how far back the others must read.
 */
function* list(readsOf: (range: IndexRange) => RangeReads, query: ListQuery): Steps<Connection[]> {
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
  return found.rows.map(connectionOf);
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
