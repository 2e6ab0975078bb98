import type BetterSqlite3 from 'better-sqlite3';

import { ConnectionStatus } from '../../../proton/connection';
import { OverviewTally, WEEK_MS, type ConnectionOverview } from '../../../proton/overview';
import type { OverviewQuery } from '../../store';
import type { countsOf } from './counts';
import { decisionsOf } from './decisions';
import type { listsOf } from './lists';
import { medianOf } from './median';
import type { Steps } from './step-runner';

/** Adds up overviews, in short steps along the indexes of lists and of decisions. */
export function overviewsOf(
  database: BetterSqlite3.Database,
  lists: ReturnType<typeof listsOf>,
  countOf: ReturnType<typeof countsOf>,
): (query: OverviewQuery) => Steps<ConnectionOverview> {
  const decisions = decisionsOf(database);

  return function* (query) {
    const { period, selection, visibleTo } = query;
    const tally = new OverviewTally(period);
    for (const status of selection.statuses ?? Object.values(ConnectionStatus)) {
      const withStatus = { visibleTo, selection: { ...selection, statuses: [status] } };
      const count = yield* countOf(withStatus);
      const [oldest] =
        status === 'PENDING' && count > 0
          ? yield* lists([{ ...withStatus, after: undefined, limit: 1, oldestFirst: true }])
          : [];
      tally.addStatus(status, count, oldest?.[0]?.requestedAt ?? null);
    }
    for (let week = 0; week < period.weeks; week += 1) {
      const startsAt = period.startsAt + week * WEEK_MS;
      const between = {
        after: { requestedAt: startsAt + WEEK_MS, id: '' },
        last: { requestedAt: startsAt, id: '' },
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
