import { CONNECTION_COLUMNS } from '../../connection-rows';
import type { ListQuery } from '../../store';
import { Parameters, type Query } from '../session';
import { armsOf } from './arms';
import { walkOf, type Walk } from './walks';

export const COLUMNS = CONNECTION_COLUMNS.map((column) => `connections.${column}`).join(', ');

const ORDER = 'ORDER BY requested_at DESC, id DESC';

/**
 * The numbers of rows that a statement may read. A limit is part of the text, because the planner does not know a parameter's value
 * when it plans for all values; and there are few texts, because each is prepared.
 */
const LIMITS = [2, 6, 11, 21, 51, 101];

/** With more walks than this, it is first found out how far back the page reaches. */
const FEW_WALKS = 10;

/** Reads a list, newest request first; undefined when it has no rows. It may return more rows than the query's limit. */
export function listStatement(query: ListQuery): Query | undefined {
  const parameters = new Parameters();
  const walks = armsOf(query).map((arm) => walkOf(arm, query.after, parameters));
  if (walks.length === 0) return undefined;
  const limit = LIMITS.find((limit) => limit >= query.limit) ?? query.limit;
  return { text: pageText(walks, limit), values: parameters.values };
}

/**
 * Merges the first rows of all walks. The walks read positions only, which are in their indexes: so the planner has no reason for another
 * index, and the table is read for the rows of the page alone. A row may be in two walks: with different accounts of a viewer in its
 * two roles.
 */
function pageText(walks: readonly Walk[], limit: number): string {
  const count = walks.reduce((sum, walk) => sum + walk.count, 0);
  // With checks, the newest row of a walk may be as hard to find as all rows of the page.
  const hasMany = count > FEW_WALKS && !walks.some(({ hasChecks }) => hasChecks);
  // The newest row of each walk: as many as the page has show that the page does not reach back further.
  const bound = `WITH bound AS MATERIALIZED (
      SELECT requested_at FROM (${positionsText(walks, 1)}) AS heads ${ORDER} OFFSET ${String(limit - 1)} LIMIT 1
    ) `;
  const oldest = hasMany ? 'coalesce((SELECT requested_at FROM bound), -9223372036854775808)' : undefined;
  return `${hasMany ? bound : ''}SELECT ${COLUMNS} FROM (
      SELECT requested_at, id FROM (${positionsText(walks, limit, oldest)}) AS positions ${ORDER} LIMIT ${String(limit)}
    ) AS page JOIN connections ON connections.id = page.id
    ORDER BY page.requested_at DESC, page.id DESC`;
}

/** The positions of the first rows of each walk, each position once. */
function positionsText(walks: readonly Walk[], limit: number, oldest?: string): string {
  return walks
    .map(({ tables, where, order }) => {
      const walk = `SELECT connections.requested_at, connections.id FROM connections WHERE ${where(oldest)} ORDER BY ${order} LIMIT ${String(limit)}`;
      return tables.length === 0
        ? `(${walk})`
        : `SELECT walk.requested_at, walk.id FROM ${tables.join(' CROSS JOIN ')} CROSS JOIN LATERAL (${walk}) AS walk`;
    })
    .join(' UNION ');
}
