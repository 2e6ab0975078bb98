import { CONNECTION_COLUMNS } from '../../connection-rows';
import type { ListQuery } from '../../store';
import { Parameters, type Query } from '../session';
import { armsOf } from './arms';
import { NEWEST_FIRST, OLDEST_FIRST, walkOf, type ListOrder, type Walk } from './walks';

export const COLUMNS = CONNECTION_COLUMNS.map((column) => `connections.${column}`).join(', ');

/**
 * The numbers of rows that a statement may read. A limit is part of the text, because the planner does not know a parameter's value
 * when it plans for all values; and there are few texts, because each is prepared.
 */
const LIMITS = [2, 6, 11, 21, 51, 101];

/** With more walks than this, it is first found out how far back the page reaches. */
const FEW_WALKS = 10;

/** Reads a list in its order; undefined when it has no rows. It may return more rows than the query's limit. */
export function listStatement(query: ListQuery): Query | undefined {
  const parameters = new Parameters();
  const order = query.oldestFirst ? OLDEST_FIRST : NEWEST_FIRST;
  const walks = armsOf(query).map((arm) => walkOf(arm, order, query.after, parameters));
  if (walks.length === 0) return undefined;
  const limit = LIMITS.find((limit) => limit >= query.limit) ?? query.limit;
  return { text: pageText(walks, order, limit), values: parameters.values };
}

/**
 * Merges the first rows of all walks. The walks read positions only, which are in their indexes: so the planner has no reason for another
 * index, and the table is read for the rows of the page alone. A row may be in two walks: with different accounts of a viewer in its
 * two roles.
 */
function pageText(walks: readonly Walk[], order: ListOrder, limit: number): string {
  const count = walks.reduce((sum, walk) => sum + walk.count, 0);
  // With checks, the first row of a walk may be as hard to find as all rows of the page.
  const hasMany = count > FEW_WALKS && !walks.some(({ hasChecks }) => hasChecks);
  const { before, positions } = hasMany ? ofManyWalks(walks, order, limit) : ofFewWalks(walks, limit);
  return `${before}SELECT ${COLUMNS} FROM (
      SELECT requested_at, id FROM (${positions}) AS positions ${orderBy(order)} LIMIT ${String(limit)}
    ) AS page JOIN connections ON connections.id = page.id
    ORDER BY page.requested_at ${order.direction}, page.id ${order.direction}`;
}

function orderBy({ direction }: ListOrder): string {
  return `ORDER BY requested_at ${direction}, id ${direction}`;
}

interface Positions {
  /** What stands before the statement. */
  readonly before: string;
  /** Selects `requested_at` and `id` of all rows that may be on the page, each once. */
  readonly positions: string;
}

function ofFewWalks(walks: readonly Walk[], limit: number): Positions {
  const positions = walks.map(({ tables, first }) =>
    tables.length === 0 ? `(${first(limit)})` : eachOf(pickedFrom(tables), first(limit)),
  );
  return { before: '', positions: positions.join(' UNION ') };
}

/**
 * Reads the first row of each walk first. As many of these as the page has show how far it reaches, so only walks whose first row comes
 * before that have rows on it.
 */
function ofManyWalks(walks: readonly Walk[], order: ListOrder, limit: number): Positions {
  const heads = walks.map(({ tables, first }, index) => {
    const head = `LATERAL (${first(1)}) AS head`;
    const from = tables.length === 0 ? head : `${pickedFrom(tables)} CROSS JOIN ${head}`;
    return `heads_${String(index)} AS MATERIALIZED (SELECT * FROM ${from})`;
  });
  const positionsOfHeads = walks.map((_, index) => `SELECT requested_at, id FROM heads_${String(index)}`);
  const last = `last AS MATERIALIZED (
      SELECT requested_at FROM (${positionsOfHeads.join(' UNION ')}) AS heads ${orderBy(order)} OFFSET ${String(limit - 1)} LIMIT 1
    )`;
  const positions = walks.map(
    ({ first }, index) =>
      `${eachOf(`heads_${String(index)} AS picked`, first(limit))}
        WHERE NOT picked.requested_at ${order.after} coalesce((SELECT requested_at FROM last), picked.requested_at)`,
  );
  return { before: `WITH ${[...heads, last].join(', ')} `, positions: positions.join(' UNION ') };
}

/** All combinations of the values in the tables. */
const pickedFrom = (tables: readonly string[]) => `(SELECT * FROM ${tables.join(' CROSS JOIN ')}) AS picked`;

const eachOf = (picked: string, rows: string) =>
  `SELECT walk.requested_at, walk.id FROM ${picked} CROSS JOIN LATERAL (${rows}) AS walk`;
