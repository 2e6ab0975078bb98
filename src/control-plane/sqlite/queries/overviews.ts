import type BetterSqlite3 from 'better-sqlite3';

import { ConnectionStatus } from '../../../proton/connection';
import { OverviewTally, WEEK_MS, type ConnectionOverview } from '../../../proton/overview';
import { narrowingOf } from '../../selected-rows';
import type { CountQuery, OverviewQuery } from '../../store';
import type { countsOf } from './counts';
import { endsOfSteps, EVER } from './counts';
import { decisionsOf } from './decisions';
import { alternativesFor, branchesOf, remainingValuesOf, type IndexRange } from './list-branches';
import type { RangeReaders } from './lists';
import { medianOf } from './median';
import { OLDEST } from './range-reads';
import type { Steps } from './step-runner';

/** Adds up overviews, in short steps along the indexes of lists and of decisions. */
export function overviewsOf(
  database: BetterSqlite3.Database,
  readers: RangeReaders,
  countOf: ReturnType<typeof countsOf>,
): (query: OverviewQuery) => Steps<ConnectionOverview> {
  const decisions = decisionsOf(database);

  return function* (query) {
    const { period, selection } = query;
    const tally = new OverviewTally(period);
    for (const status of selection.statuses ?? Object.values(ConnectionStatus)) {
      const withStatus = { ...query, selection: { ...selection, statuses: [status] } };
      const count = yield* countOf(withStatus);
      const oldest = status === 'PENDING' && count > 0 ? yield* oldestRequest(readers, withStatus) : null;
      tally.addStatus(status, count, oldest);
    }
    for (let week = 0; week < period.weeks; week += 1) {
      const startsAt = period.startsAt + week * WEEK_MS;
      const between = {
        after: { requestedAt: startsAt + WEEK_MS, id: '' },
        oldest: { requestedAt: startsAt, id: '' },
      };
      tally.add('requested', week, yield* countOf(query, between));
    }
    const decisionTimes: number[] = [];
    yield* decisions(query, ({ decision, decidedAt, requestedAt }) => {
      const member = decision === 'ACCEPTED' ? 'accepted' : 'rejected';
      if (tally.add(member, tally.weekOf(decidedAt), 1)) decisionTimes.push(decidedAt - requestedAt);
    });
    return tally.overview(yield* medianOf(decisionTimes));
  };
}

/** When the oldest of the selected connections was requested; null when there is none. */
function* oldestRequest(readers: RangeReaders, query: CountQuery): Steps<number | null> {
  const narrowing = narrowingOf(query.selection);
  if (!narrowing) return null;
  const visibleTo = query.visibleTo === 'every' ? 'every' : new Set<string>(query.visibleTo);
  let oldest: number | null = null;
  for (const branch of branchesOf(query)) {
    // The first alternative is in the order of lists.
    for (const range of alternativesFor(branch, narrowing, visibleTo)[0] ?? []) {
      const requestedAt: number | null = yield* oldestInRange(readers, range);
      if (requestedAt !== null) oldest = Math.min(oldest ?? Infinity, requestedAt);
    }
  }
  return oldest;
}

function* oldestInRange({ inOrder }: RangeReaders, range: IndexRange): Steps<number | null> {
  const reads = inOrder(range);
  const equal = range.equal.map(([, value]) => value);
  const remaining = remainingValuesOf(range);
  let { after } = EVER;
  let oldest: number | null = null;
  // Without conditions it is the last row of the range.
  for (const end of remaining.length === 0 ? [] : endsOfSteps(reads, equal, EVER)) {
    oldest = reads.oldestRequest(equal, after, end, remaining) ?? oldest;
    yield;
    after = end;
  }
  yield;
  return reads.oldestRequest(equal, after, OLDEST, remaining) ?? oldest;
}
