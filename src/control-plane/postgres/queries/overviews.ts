import type { ConnectionStatus } from '../../../proton/connection';
import {
  OverviewTally,
  WEEK_MS,
  type ConnectionOverview,
  type OverviewPeriod,
} from '../../../proton/overview';
import type { OverviewQuery } from '../../store';
import { decisionInHistory, IS_NOT_BACKFILLED } from '../first-decisions';
import { Parameters, type Query } from '../session';
import { armsOf, conditionsText, type Arm } from './arms';

/** The statements of an overview, each of which may take its time; none when it selects no row. */
export function overviewStatements(query: OverviewQuery): readonly Query[] {
  const arms = armsOf(query);
  if (arms.length === 0) return [];
  return [requestStatement(arms, query), decisionStatement(arms, query), medianStatement(arms, query)];
}

/** Adds up what these statements have read. */
export function overviewOf(
  { period }: OverviewQuery,
  [requests = [], decisions = [], medians = []]: readonly (readonly unknown[])[],
): ConnectionOverview {
  const tally = new OverviewTally(period);
  const byStatus = new Map<ConnectionStatus, { count: number; oldest: number }>();
  for (const [status, week, count, oldest] of requests as readonly RequestRow[]) {
    const known = byStatus.get(status) ?? { count: 0, oldest };
    byStatus.set(status, { count: known.count + count, oldest: Math.min(known.oldest, oldest) });
    tally.add('requested', week, count);
  }
  for (const [status, { count, oldest }] of byStatus) tally.addStatus(status, count, oldest);
  for (const [week, accepted, rejected] of decisions as readonly DecisionRow[]) {
    tally.add('accepted', week, accepted);
    tally.add('rejected', week, rejected);
  }
  const [[median] = [null]] = medians as readonly [number | null][];
  return tally.overview(median);
}

/** `week` is -1 for requests before the period. */
type RequestRow = readonly [status: ConnectionStatus, week: number, count: number, oldestRequestAt: number];
type DecisionRow = readonly [week: number, accepted: number, rejected: number];

function requestStatement(arms: readonly Arm[], { period }: OverviewQuery): Query {
  const parameters = new Parameters();
  const since = parameters.add(period.startsAt, 'bigint');
  const rows = arms
    .map((arm) => rowsText('connections.status, connections.requested_at', conditionsText(arm, parameters)))
    .join(' UNION ALL ');
  return {
    text: `SELECT status, CASE WHEN requested_at >= ${since} THEN (requested_at - ${since}) / ${String(WEEK_MS)} ELSE -1 END,
        count(*), min(requested_at)
      FROM (${rows}) AS selected GROUP BY 1, 2`,
    values: parameters.values,
  };
}

function decisionStatement(arms: readonly Arm[], { period }: OverviewQuery): Query {
  const parameters = new Parameters();
  const since = parameters.add(period.startsAt, 'bigint');
  return {
    text: `SELECT (decided_at - ${since}) / ${String(WEEK_MS)},
        count(*) FILTER (WHERE decision = 'ACCEPTED'), count(*) FILTER (WHERE decision = 'REJECTED')
      FROM (${decisionsText(arms, period, parameters)}) AS decided GROUP BY 1`,
    values: parameters.values,
  };
}

/** A statement of its own: with the counts by week, it would sort all rows by week first. */
function medianStatement(arms: readonly Arm[], { period }: OverviewQuery): Query {
  const parameters = new Parameters();
  return {
    text: `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY (decided_at - requested_at)::double precision)
      FROM (${decisionsText(arms, period, parameters)}) AS decided`,
    values: parameters.values,
  };
}

/** The first decisions in the period, along an index of decisions, and those that are in the history alone. */
function decisionsText(arms: readonly Arm[], period: OverviewPeriod, parameters: Parameters): string {
  const since = parameters.add(period.startsAt, 'bigint');
  const until = parameters.add(period.startsAt + period.weeks * WEEK_MS, 'bigint');
  const within = (column: string) => `${column} >= ${since} AND ${column} < ${until}`;
  return arms
    .flatMap((arm) => {
      const conditions = conditionsText(arm, parameters);
      const missing = rowsText('connections.id, connections.requested_at', [
        ...conditions,
        IS_NOT_BACKFILLED,
      ]);
      return [
        rowsText('connections.first_decision AS decision, connections.decided_at, connections.requested_at', [
          ...conditions,
          within('connections.decided_at'),
        ]),
        // Looked up one by one: a join may read all decisions there are, and the time would reveal their number to a viewer of few accounts.
        `SELECT decision.type, decision.occurred_at, missing.requested_at FROM (${missing}) AS missing
          CROSS JOIN LATERAL (${decisionInHistory('missing.id')}) AS decision WHERE ${within('decision.occurred_at')}`,
      ];
    })
    .join(' UNION ALL ');
}

function rowsText(columns: string, conditions: readonly string[]): string {
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return `SELECT ${columns} FROM connections${where}`;
}
