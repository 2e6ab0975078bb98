import { OverviewTally, WEEK_MS, type ConnectionOverview } from '../../../proton/overview';
import type { ConnectionStatus } from '../../../proton/connection';
import { ACCOUNT_COLUMN } from '../../connection-rows';
import type { OverviewQuery } from '../../store';
import { Parameters, type Query } from '../session';
import { armsOf, conditionsText, type Arm } from './arms';

/** The statements of an overview, each of which may take its time; none when it selects no row. */
export function overviewStatements(query: OverviewQuery): readonly Query[] {
  const arms = armsOf(query);
  if (arms.length === 0) return [];
  return [statusStatement(arms), requestStatement(arms, query), decisionStatement(arms, query)];
}

/** Adds up what these statements have read. */
export function overviewOf(
  { period }: OverviewQuery,
  [statuses = [], requests = [], decisions = []]: readonly (readonly unknown[])[],
): ConnectionOverview {
  const tally = new OverviewTally(period);
  for (const [status, count, oldest] of statuses as readonly StatusRow[]) {
    tally.addStatus(status, count, oldest);
  }
  for (const [week, count] of requests as readonly RequestRow[]) tally.add('requested', week, count);
  let median: number | null = null;
  for (const [week, accepted, rejected, medianOfAll] of decisions as readonly DecisionRow[]) {
    if (week === null) median = medianOfAll;
    else {
      tally.add('accepted', week, accepted);
      tally.add('rejected', week, rejected);
    }
  }
  return tally.overview(median);
}

type StatusRow = readonly [status: ConnectionStatus, count: number, oldestRequestAt: number];
type RequestRow = readonly [week: number, count: number];
/** The row without a week is about all weeks. */
type DecisionRow = readonly [
  week: number | null,
  accepted: number,
  rejected: number,
  medianMs: number | null,
];

/** Arms have no row in common. */
function rowsText(
  arms: readonly Arm[],
  columns: string,
  parameters: Parameters,
  further: readonly string[] = [],
): string {
  return arms
    .map((arm) => {
      const conditions = [...conditionsText(arm, parameters), ...further];
      const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
      return `SELECT ${columns} FROM connections${where}`;
    })
    .join(' UNION ALL ');
}

function statusStatement(arms: readonly Arm[]): Query {
  const parameters = new Parameters();
  const rows = rowsText(arms, 'connections.status, connections.requested_at', parameters);
  return {
    text: `SELECT status, count(*), min(requested_at) FROM (${rows}) AS selected GROUP BY status`,
    values: parameters.values,
  };
}

function requestStatement(arms: readonly Arm[], { period }: OverviewQuery): Query {
  const parameters = new Parameters();
  const since = parameters.add(period.startsAt, 'bigint');
  const rows = rowsText(arms, 'connections.requested_at', parameters, [
    `connections.requested_at >= ${since}`,
  ]);
  return {
    text: `SELECT (requested_at - ${since}) / ${String(WEEK_MS)}, count(*) FROM (${rows}) AS selected GROUP BY 1`,
    values: parameters.values,
  };
}

const DECISIONS = `connection_events AS event
  WHERE event.previous_status = 'PENDING' AND event.type IN ('ACCEPTED', 'REJECTED')`;

/**
 * A connection is `PENDING` once, so it has one first decision at most. Those of accounts are looked up one by one: a join may read all
 * decisions there are, and the time would reveal their number to a viewer of few accounts.
 */
function decisionStatement(arms: readonly Arm[], { period }: OverviewQuery): Query {
  const parameters = new Parameters();
  const since = parameters.add(period.startsAt, 'bigint');
  const until = parameters.add(period.startsAt + period.weeks * WEEK_MS, 'bigint');
  const rows = rowsText(arms, 'connections.id, connections.requested_at', parameters);
  const accounts = Object.values(ACCOUNT_COLUMN);
  const isLimited = arms.every(({ columns }) => accounts.some((column) => columns.has(column)));
  const decisions = isLimited
    ? `CROSS JOIN LATERAL (SELECT type, occurred_at FROM ${DECISIONS} AND event.connection_id = selected.id LIMIT 1) AS decision`
    : `JOIN (SELECT connection_id, type, occurred_at FROM ${DECISIONS}) AS decision ON decision.connection_id = selected.id`;
  return {
    text: `SELECT (decision.occurred_at - ${since}) / ${String(WEEK_MS)} AS week,
        count(*) FILTER (WHERE decision.type = 'ACCEPTED'),
        count(*) FILTER (WHERE decision.type = 'REJECTED'),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY (decision.occurred_at - selected.requested_at)::double precision)
      FROM (${rows}) AS selected ${decisions}
      WHERE decision.occurred_at >= ${since} AND decision.occurred_at < ${until}
      GROUP BY GROUPING SETS ((1), ())`,
    values: parameters.values,
  };
}
