import { CONNECTION_COLUMNS } from '../../connection-rows';
import type { ListQuery } from '../../store';
import type { Query } from '../session';
import { armsOf, conditionsText, severalOf, type Arm } from './arms';
import { Parameters } from './parameters';

export const COLUMNS = CONNECTION_COLUMNS.map((column) => `connections.${column}`).join(', ');

const ORDER = 'ORDER BY requested_at DESC, id DESC';

/**
 * The numbers of rows that a statement may read. A limit is part of the text, because the planner does not know a parameter's value
 * when it plans for all values; and there are few texts, because each is prepared.
 */
const LIMITS = [2, 6, 11, 21, 51, 101];

/** Reads a list, newest request first; undefined when it has no rows. It may return more rows than the query's limit. */
export function listStatement(query: ListQuery): Query | undefined {
  const arms = armsOf(query);
  if (arms.length === 0) return undefined;
  const limit = `LIMIT ${String(LIMITS.find((limit) => limit >= query.limit) ?? query.limit)}`;
  const parameters = new Parameters();
  const walks = arms.map((arm) => walkText(arm, query, limit, parameters));
  const [only = ''] = walks;
  const isOne = arms.length === 1 && arms.every((arm) => severalOf(arm).length === 0);
  const text = isOne
    ? only
    : `SELECT * FROM (${walks.map((walk) => `(${walk})`).join(' UNION ALL ')}) AS walks ${ORDER} ${limit}`;
  return { text, values: parameters.values };
}

/** A walk along one index for each combination of values: each ends after `limit` rows. */
function walkText(arm: Arm, { after }: ListQuery, limit: string, parameters: Parameters): string {
  const several = severalOf(arm);
  const tables = several.map(
    ([column, values]) => `unnest(${parameters.add(values, 'text[]')}) AS each_${column}(value)`,
  );
  const conditions = [
    ...conditionsText(arm, parameters, (column) => `connections.${column} = each_${column}.value`),
  ];
  if (after) {
    const position = `${parameters.add(after.requestedAt, 'bigint')}, ${parameters.add(after.id, 'uuid')}`;
    conditions.push(`(connections.requested_at, connections.id) < (${position})`);
  }
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  const walk = `SELECT ${COLUMNS} FROM connections${where} ${ORDER} ${limit}`;
  return tables.length === 0
    ? walk
    : `SELECT walk.* FROM ${tables.join(' CROSS JOIN ')} CROSS JOIN LATERAL (${walk}) AS walk`;
}
