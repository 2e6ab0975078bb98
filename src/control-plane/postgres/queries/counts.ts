import { ConnectionStatus } from '../../../proton/connection';
import { ACCOUNT_COLUMN } from '../../connection-rows';
import type { CountQuery } from '../../store';
import type { Database } from '../database';
import { Parameters, type Query } from '../session';
import { armsOf, conditionsText, type Arm } from './arms';

/** Counts the rows of a query; undefined when it has none. */
export function countStatement(query: CountQuery): Query | undefined {
  const arms = armsOf(query);
  if (arms.length === 0) return undefined;
  const parameters = new Parameters();
  const counts = arms.map((arm) => countText(arm, parameters));
  return { text: `SELECT ${counts.join(' + ')}`, values: parameters.values };
}

/**
 * With both accounts, each pair is counted along the index of pairs. The planner might count all connections of one of the accounts
 * otherwise, and the time would reveal their number to a viewer who may read the other account only.
 */
function countText(arm: Arm, parameters: Parameters): string {
  const accounts = Object.values(ACCOUNT_COLUMN);
  const several = accounts.find((column) => (arm.columns.get(column)?.length ?? 0) > 1);
  if (several === undefined || !accounts.every((column) => arm.columns.has(column))) {
    const conditions = conditionsText(arm, parameters);
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    return `(SELECT count(*) FROM connections${where})`;
  }
  const each = parameters.add(arm.columns.get(several), 'text[]');
  const others = new Map([...arm.columns].filter(([column]) => column !== several));
  const conditions = [
    `connections.${several} = each_account.id`,
    ...conditionsText({ ...arm, columns: others }, parameters),
  ];
  return `(SELECT coalesce(sum(counted.number), 0)::bigint FROM unnest(${each}) AS each_account(id)
    CROSS JOIN LATERAL (SELECT count(*) AS number FROM connections WHERE ${conditions.join(' AND ')}) AS counted)`;
}

/** Along the index of statuses. OFFSET keeps the order: without it the whole table may be read for a frequent status. */
const COUNT_OF_STATUS = `SELECT count(*) FROM (
    SELECT id FROM connections WHERE status = $1::text ORDER BY requested_at, id OFFSET 0
  ) AS counted`;

/** The number of connections of each status. */
export async function countByStatus(
  database: Pick<Database, 'read'>,
): Promise<Readonly<Record<ConnectionStatus, number>>> {
  const statuses = Object.values(ConnectionStatus);
  const results = await database.read(
    statuses.map((status) => ({ text: COUNT_OF_STATUS, values: [status] })),
  );
  const counts = { PENDING: 0, CONNECTED: 0, REJECTED: 0 };
  statuses.forEach((status, index) => {
    const [[number] = [0]] = results[index] as readonly [number][];
    counts[status] = number;
  });
  return counts;
}
