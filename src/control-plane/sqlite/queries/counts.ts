import type BetterSqlite3 from 'better-sqlite3';

import type { CountQuery } from '../../store';
import { narrowingOf, type Conditions } from '../../selected-rows';
import { pin } from '../pin-native';
import {
  alternativesFor,
  branchesOf,
  intersectionOf,
  remainingValuesOf,
  type IndexRange,
} from './list-branches';
import type { RangeReaders } from './lists';
import { isPrefixRange, type Between, type NamePosition, type PrefixReads } from './prefix-reads';
import { NEWEST_FIRST, type Position, type RangeReads } from './range-reads';
import type { Steps } from './step-runner';

/** All rows. */
const EVER: Between = { after: NEWEST_FIRST.start, last: NEWEST_FIRST.end };

/** The rows of an index that a step visits. Each takes up to 2 µs. */
const ROWS_PER_STEP = 1_024;

/**
 * Counts the selected connections that a viewer may see, or those of them between two positions, in short steps along the indexes of lists. Writes may be committed between two
 * steps: a connection counts if it matched when its step read it.
 */
export function countsOf(
  database: BetterSqlite3.Database,
  readers: RangeReaders,
): (query: CountQuery, between?: Between) => Steps<number> {
  // The one count in a single step. SQLite counts the rows of each page at once: a million in 25 ms, where steps would take 80 ms.
  const countAll = pin(database.prepare<[], number>('SELECT count(*) FROM connections').pluck(true));

  return function* (query, between = EVER) {
    const visibleTo = query.visibleTo === 'every' ? 'every' : new Set<string>(query.visibleTo);
    const narrowing = narrowingOf(query.selection);
    if (!narrowing) return 0;
    const countBranch = (branch: Conditions) =>
      countAlternatives(readers, alternativesFor(branch, narrowing, visibleTo), between);
    const isAll = between === EVER && narrowing.namePrefix === undefined && narrowing.tagTexts.length === 0;
    const counted: Conditions[] = [];
    let total = 0;
    for (const branch of branchesOf(query)) {
      if (branch.size === 0 && isAll) return countAll.get() ?? 0;
      const count = yield* countBranch(branch);
      if (count > 0) counted.push(branch);
      total += count;
    }
    // A connection has one account in each role, so it is in two branches at most. Then it was counted twice.
    for (const [index, branch] of counted.entries()) {
      for (const other of counted.slice(index + 1)) {
        const both = intersectionOf(branch, other);
        if (both) total -= yield* countBranch(both);
      }
      yield;
    }
    // One that was created meanwhile may be in both and not have been counted.
    return Math.max(0, total);
  };
}

/** Counts along the alternative that has the fewest rows. */
function* countAlternatives(
  readers: RangeReaders,
  alternatives: readonly (readonly IndexRange[])[],
  between: Between,
): Steps<number> {
  const ranges = yield* shortestOf(readers, alternatives, between);
  let total = 0;
  for (const range of ranges) {
    total += isPrefixRange(range)
      ? yield* countByName(readers.byName(range, NEWEST_FIRST), between)
      : yield* countInOrder(readers.inOrder(range, NEWEST_FIRST), range, between);
  }
  return total;
}

function* countInOrder(reads: RangeReads, range: IndexRange, between: Between): Steps<number> {
  const equal = valuesOf(range);
  const remaining = remainingValuesOf(range);
  let total = 0;
  let { after } = between;
  for (const end of endsOfSteps(reads, equal, between)) {
    total += remaining.length === 0 ? ROWS_PER_STEP : reads.count(equal, after, end, remaining);
    yield;
    after = end;
  }
  total += reads.count(equal, after, between.last, remaining);
  yield;
  return total;
}

function* countByName(reads: PrefixReads, between: Between): Steps<number> {
  let total = 0;
  let after = reads.start;
  for (const end of endsByName(reads)) {
    total += reads.count(after, end, between);
    yield;
    after = end;
  }
  total += reads.count(after, undefined, between);
  yield;
  return total;
}

/** Visits all alternatives in turns, until the first one ends. That is cheap compared to checking the remaining conditions. */
function* shortestOf(
  readers: RangeReaders,
  alternatives: readonly (readonly IndexRange[])[],
  between: Between,
): Steps<readonly IndexRange[]> {
  const [first = [], ...others] = alternatives;
  if (others.length === 0) return first;
  const walks = alternatives.map((ranges) => ({ ranges, ends: endsInAll(readers, ranges, between) }));
  for (;;) {
    for (const { ranges, ends } of walks) {
      if (ends.next().done) return ranges;
      yield;
    }
  }
}

function* endsInAll(
  { inOrder, byName }: RangeReaders,
  ranges: readonly IndexRange[],
  between: Between,
): Generator<Position> {
  for (const range of ranges) {
    if (isPrefixRange(range)) yield* endsByName(byName(range, NEWEST_FIRST));
    else yield* endsOfSteps(inOrder(range, NEWEST_FIRST), valuesOf(range), between);
  }
}

function* endsByName(reads: PrefixReads): Generator<NamePosition> {
  let end = reads.endOfStep(reads.start, ROWS_PER_STEP);
  while (end) {
    yield end;
    end = reads.endOfStep(end, ROWS_PER_STEP);
  }
}

/** The ends of all steps in a range but the last. */
function* endsOfSteps(
  reads: RangeReads,
  equal: readonly string[],
  { after, last }: Between,
): Generator<Position> {
  let end = reads.endOfStep(equal, after, ROWS_PER_STEP);
  while (end && !NEWEST_FIRST.isBefore(last, end)) {
    yield end;
    end = reads.endOfStep(equal, end, ROWS_PER_STEP);
  }
}

function valuesOf({ equal }: IndexRange): readonly string[] {
  return equal.map(([, value]) => value);
}
