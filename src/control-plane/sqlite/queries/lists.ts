import type { StoredConnection } from '../../../proton/connection';
import type { ConnectionId } from '../../../proton/identifiers';
import type { ListQuery } from '../../store';
import { narrowingOf } from '../../selected-rows';
import { alternativesFor, branchesOf, remainingValuesOf, type IndexRange } from './list-branches';
import { isPrefixRange, type NamePosition, type PrefixRange, type PrefixReads } from './prefix-reads';
import { NEWEST_FIRST, OLDEST_FIRST, type ListOrder, type Position, type RangeReads } from './range-reads';
import type { RowCache } from './row-cache';
import type { Steps } from './step-runner';
import { viewableBy } from './visibility';

/** The rows of an index that a step visits. Each takes up to 2 µs, and 14 µs when its pages are on the disk alone. */
const ROWS_PER_STEP = 256;
/** Characters. A list with a longer key, with many values to filter by, is read again each time. */
const MAX_KEY_LENGTH = 1_024;

/** Collects rows in any order and keeps the first ones of a list, each once, in its order. */
class FirstRows {
  private readonly first: StoredConnection[] = [];

  constructor(
    private readonly limit: number,
    private readonly order: ListOrder,
  ) {}

  get rows(): readonly StoredConnection[] {
    return this.first;
  }

  /** The position up to which rows are needed: that of the last row once there are `limit` rows, else the list's end. */
  get last(): Position {
    return (this.first.length >= this.limit ? this.first.at(-1) : undefined) ?? this.order.end;
  }

  add(row: StoredConnection): void {
    let index = this.first.length;
    let before = this.first[index - 1];
    while (before && this.order.isBefore(row, before)) {
      index -= 1;
      before = this.first[index - 1];
    }
    // The same row would be at this place: no other has its position, which never changes.
    if (index >= this.limit || before?.id === row.id) return;
    if (index === this.first.length) this.first.push(row);
    else this.first.splice(index, 0, row);
    if (this.first.length > this.limit) this.first.pop();
  }
}

/** The statements of ranges of both kinds. */
export interface RangeReaders {
  readonly inOrder: (range: IndexRange, order: ListOrder) => RangeReads;
  readonly byName: (range: PrefixRange, order: ListOrder) => PrefixReads;
}

/** How a list gets its rows. */
interface RowReader {
  /** Reads the rows with the ids that `find` returns, in any order, through the row cache. */
  readonly byIds: (find: () => readonly ConnectionId[]) => readonly StoredConnection[];
  /**
   * Whether the list is read for the first time. Then one statement reads the rows themselves, without the row cache, if they must meet
   * no conditions beyond those of their range: most pages are read once.
   */
  readonly isFirstRead: boolean;
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
  readers: RangeReaders,
  rows: RowCache,
): (queries: readonly ListQuery[]) => Steps<(readonly StoredConnection[])[]> {
  return function* (queries) {
    const lists: (readonly StoredConnection[])[] = [];
    for (const query of queries) {
      // Only between two lists or steps: the end of a list that one step reads must not depend on the time that it took.
      if (lists.length > 0) yield;
      lists.push(yield* list(readers, rows, query));
    }
    return lists;
  };
}

/**
 * Only lists of viewers who see every connection are remembered and kept: by the time that a list takes, another viewer could tell what
 * others read, or when connections of other accounts change.
 */
function* list(readers: RangeReaders, rows: RowCache, query: ListQuery): Steps<readonly StoredConnection[]> {
  const viewable = viewableBy(query.visibleTo);
  const byIds = (find: () => readonly ConnectionId[]) => rows.read(find, viewable);
  const key = query.visibleTo === 'every' ? JSON.stringify(query) : undefined;
  if (key === undefined || key.length > MAX_KEY_LENGTH)
    return yield* readList(readers, { byIds, isFirstRead: false }, query);
  const kept = rows.lists();
  const wasRead = kept.markRead(key);
  const known = kept.get(key);
  if (known) return known;
  const found = yield* readList(readers, { byIds, isFirstRead: !wasRead }, query);
  if (wasRead) kept.keep(key, found);
  return found;
}

/**
 * A branch is done when one alternative is done. Alternatives run in turns, because rows found by one limit how far the others must
 * read.
 */
function* readList(
  readers: RangeReaders,
  rowReader: RowReader,
  query: ListQuery,
): Steps<readonly StoredConnection[]> {
  const order = query.oldestFirst ? OLDEST_FIRST : NEWEST_FIRST;
  const found = new FirstRows(query.limit, order);
  let isFirst = true;
  let unread: Iterable<readonly Alternative[]> = alternativesOf(readers, query, order);
  for (;;) {
    const stillUnread: (readonly Alternative[])[] = [];
    for (const alternatives of unread) {
      let isRead = false;
      for (const alternative of alternatives) {
        if (!isFirst) yield;
        isFirst = false;
        isRead = alternative.step(found, rowReader);
        if (isRead) break;
      }
      if (!isRead) stillUnread.push(alternatives);
    }
    if (stillUnread.length === 0) return found.rows;
    unread = stillUnread;
  }
}

/**
 * The alternatives of each branch.
 *
 * A generator function of its own, not one inside `readList`: for each closure that is one, V8 makes a prototype and a map in its old
 * generation, from where they keep the list's rows alive until the next full collection.
 */
function* alternativesOf(
  readers: RangeReaders,
  query: ListQuery,
  order: ListOrder,
): Iterable<readonly Alternative[]> {
  const visibleTo = query.visibleTo === 'every' ? 'every' : new Set<string>(query.visibleTo);
  const narrowing = narrowingOf(query.selection);
  if (!narrowing) return;
  for (const branch of branchesOf(query)) {
    yield alternativesFor(branch, narrowing, visibleTo).map(
      (ranges) => new Alternative(readers, ranges, query, order),
    );
  }
}

/** Reads the ranges of one alternative in turn. */
class Alternative {
  private readonly unread: StepReader[];

  constructor(
    { inOrder, byName }: RangeReaders,
    ranges: readonly IndexRange[],
    query: ListQuery,
    order: ListOrder,
  ) {
    this.unread = ranges.map((range) =>
      isPrefixRange(range)
        ? new PrefixReader(byName(range, order), query, order)
        : new RangeReader(inOrder(range, order), range, query, order),
    );
  }

  /** @returns whether all rows that belong on the page have been read */
  step(found: FirstRows, rowReader: RowReader): boolean {
    const range = this.unread.shift();
    if (range && !range.step(found, rowReader)) this.unread.push(range);
    return this.unread.length === 0;
  }
}

interface StepReader {
  /** @returns whether all rows of the range that belong on the page have been read */
  readonly step: (found: FirstRows, rowReader: RowReader) => boolean;
}

/** Reads one range in the order of the list. */
class RangeReader implements StepReader {
  private readonly equal: readonly string[];
  private readonly remaining: readonly string[];
  private readonly limit: number;
  private after: Position;

  constructor(
    private readonly reads: RangeReads,
    range: IndexRange,
    { after, limit }: ListQuery,
    private readonly order: ListOrder,
  ) {
    this.equal = range.equal.map(([, value]) => value);
    this.remaining = remainingValuesOf(range);
    this.limit = limit;
    this.after = after ?? order.start;
  }

  step(found: FirstRows, rowReader: RowReader): boolean {
    const { last } = found;
    let end =
      this.remaining.length === 0 ? undefined : this.reads.endOfStep(this.equal, this.after, ROWS_PER_STEP);
    if (end && this.order.isBefore(last, end)) end = undefined;
    const upTo = end ?? last;
    const { isFirstRead, byIds } = rowReader;
    const rows =
      isFirstRead && this.reads.rows
        ? this.reads.rows(this.equal, this.after, upTo, this.limit)
        : byIds(() => this.reads.ids(this.equal, this.after, upTo, this.remaining, this.limit));
    for (const row of rows) found.add(row);
    if (end === undefined || rows.length === this.limit) return true;
    this.after = end;
    return false;
  }
}

/** Reads one range in the order of names, all of it: the list's first row may be anywhere. */
class PrefixReader implements StepReader {
  private readonly limit: number;
  private readonly pageAfter: Position;
  private after: NamePosition;

  constructor(
    private readonly reads: PrefixReads,
    { after, limit }: ListQuery,
    order: ListOrder,
  ) {
    this.limit = limit;
    this.pageAfter = after ?? order.start;
    this.after = reads.start;
  }

  step(found: FirstRows, rowReader: RowReader): boolean {
    const end = this.reads.endOfStep(this.after, ROWS_PER_STEP);
    const between = { after: this.pageAfter, last: found.last };
    const rows = rowReader.byIds(() => this.reads.ids(this.after, end, between, this.limit));
    for (const row of rows) found.add(row);
    if (end) this.after = end;
    return end === undefined;
  }
}
