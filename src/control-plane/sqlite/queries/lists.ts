import type BetterSqlite3 from 'better-sqlite3';

import type { Connection } from '../../../proton/connection';
import type { ListQuery } from '../../store';
import { connectionOf } from '../rows';
import { branchesOf, waysToRead, type IndexRange } from './list-branches';
import { NewestRows } from './newest-rows';
import { NEWEST, OLDEST, rangeReads, type Position, type RangeReads } from './range-reads';
import type { Steps } from './step-runner';

/**
 * Reads lists, each step with one or two statements that visit a bounded number of rows.
 *
 * Each statement sees what is committed when it runs, and writes may come between two steps. A page is still sound, because a row is
 * found by its position (`requested_at`, `id`), which never changes. A connection that matches from the first step to the last, and
 * belongs on the page, is on it; each row matched when its step read it; no row is there twice. A connection that is created, changed or
 * deleted meanwhile may be on the page as it was before or after that. The cursor of a page's last row leads on from its position, also
 * when the row is gone.
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
 * A branch is read once one of its ways has been read. All take turns, step by step: what one finds bounds how far back the others
 * must go.
 */
function* list(readsOf: (range: IndexRange) => RangeReads, query: ListQuery): Steps<Connection[]> {
  const found = new NewestRows(query.limit);
  const visibleTo = query.visibleTo === 'every' ? 'every' : new Set<string>(query.visibleTo);

  function* step(ways: readonly Way[], unread: (readonly Way[])[]): Steps<void> {
    for (const way of ways) {
      const isRead = way.step(found);
      yield;
      if (isRead) return;
    }
    unread.push(ways);
  }

  let unread: (readonly Way[])[] = [];
  for (const branch of branchesOf(query)) {
    const ways = waysToRead(branch, visibleTo).map((ranges) => new Way(readsOf, ranges, query));
    yield* step(ways, unread);
  }
  while (unread.length > 0) {
    const still: (readonly Way[])[] = [];
    for (const ways of unread) yield* step(ways, still);
    unread = still;
  }
  return found.rows.map(connectionOf);
}

/** Reads all ranges of one way, in turn. */
class Way {
  private readonly unread: RangeWalk[];

  constructor(readsOf: (range: IndexRange) => RangeReads, ranges: readonly IndexRange[], query: ListQuery) {
    this.unread = ranges.map((range) => new RangeWalk(readsOf(range), range, query));
  }

  /** @returns whether it has read all that can be on the page */
  step(found: NewestRows): boolean {
    const range = this.unread.shift();
    if (range && !range.step(found)) this.unread.push(range);
    return this.unread.length === 0;
  }
}

/** Reads one range from the newest row to the oldest. */
class RangeWalk {
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
