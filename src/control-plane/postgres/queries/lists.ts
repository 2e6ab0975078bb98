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
  const { before, positions } = hasMany ? ofManyWalks(walks, limit) : ofFewWalks(walks, limit);
  return `${before}SELECT ${COLUMNS} FROM (
      SELECT requested_at, id FROM (${positions}) AS positions ${ORDER} LIMIT ${String(limit)}
    ) AS page JOIN connections ON connections.id = page.id
    ORDER BY page.requested_at DESC, page.id DESC`;
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
 * Reads the newest row of each walk first. As many of these as the page has show how far back it reaches, so only walks with a newer one
 * have rows on it.
 */
function ofManyWalks(walks: readonly Walk[], limit: number): Positions {
  const heads = walks.map(({ tables, first }, index) => {
    const head = `LATERAL (${first(1)}) AS head`;
    const from = tables.length === 0 ? head : `${pickedFrom(tables)} CROSS JOIN ${head}`;
    return `heads_${String(index)} AS MATERIALIZED (SELECT * FROM ${from})`;
  });
  const positionsOfHeads = walks.map((_, index) => `SELECT requested_at, id FROM heads_${String(index)}`);
  const oldest = `oldest AS MATERIALIZED (
      SELECT requested_at FROM (${positionsOfHeads.join(' UNION ')}) AS heads ${ORDER} OFFSET ${String(limit - 1)} LIMIT 1
    )`;
  const positions = walks.map(
    ({ first }, index) =>
      `${eachOf(`heads_${String(index)} AS picked`, first(limit))}
        WHERE picked.requested_at >= coalesce((SELECT requested_at FROM oldest), picked.requested_at)`,
  );
  return { before: `WITH ${[...heads, oldest].join(', ')} `, positions: positions.join(' UNION ') };
}

/** All combinations of the values in the tables. */
const pickedFrom = (tables: readonly string[]) => `(SELECT * FROM ${tables.join(' CROSS JOIN ')}) AS picked`;

const eachOf = (picked: string, rows: string) =>
  `SELECT walk.requested_at, walk.id FROM ${picked} CROSS JOIN LATERAL (${rows}) AS walk`;
