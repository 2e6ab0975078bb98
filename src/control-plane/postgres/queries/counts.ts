import { ConnectionStatus } from '../../../proton/connection';
import type { CountQuery } from '../../store';
import type { Database } from '../database';
import type { Query } from '../session';
import { armsOf, conditionsText, Parameters } from './arms';

/** Counts the rows of a query; undefined when it has none. */
export function countStatement(query: CountQuery): Query | undefined {
  const arms = armsOf(query);
  if (arms.length === 0) return undefined;
  const parameters = new Parameters();
  const counts = arms.map((arm) => {
    const conditions = conditionsText(arm, parameters);
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    return `(SELECT count(*) FROM connections${where})`;
  });
  return { text: `SELECT ${counts.join(' + ')}`, values: parameters.values };
}

/** How long the counts by status are kept: each visits an index of the whole table. In milliseconds. */
const COUNTS_TTL_MS = 60_000;

/** The number of connections of each status. Each is a walk along the index of statuses. */
export function statusCountsOn(
  database: Database,
  now = () => performance.now(),
): () => Promise<Readonly<Record<ConnectionStatus, number>>> {
  let kept: { readonly at: number; readonly counts: Promise<Record<ConnectionStatus, number>> } | undefined;

  async function count(): Promise<Record<ConnectionStatus, number>> {
    const statuses = Object.values(ConnectionStatus);
    const results = await database.read(
      statuses.map((status) => ({
        text: 'SELECT count(*) FROM connections WHERE status = $1::text',
        values: [status],
      })),
    );
    const counts = { PENDING: 0, CONNECTED: 0, REJECTED: 0 };
    statuses.forEach((status, index) => {
      const [[number] = [0]] = results[index] as readonly [number][];
      counts[status] = number;
    });
    return counts;
  }

  return () => {
    if (kept && now() - kept.at < COUNTS_TTL_MS) return kept.counts;
    const started = { at: now(), counts: count() };
    kept = started;
    started.counts.catch(() => {
      if (kept === started) kept = undefined;
    });
    return started.counts;
  };
}
