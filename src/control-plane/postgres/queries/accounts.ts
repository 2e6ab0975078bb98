import type { AccountRange } from '../../../proton/accounts';
import { ACCOUNT_COLUMN } from '../../connection-rows';
import type { Query } from '../session';

type AccountColumn = (typeof ACCOUNT_COLUMN)[keyof typeof ACCOUNT_COLUMN];

const COLUMNS = Object.values(ACCOUNT_COLUMN);
const FROM = '$1::text';
const BEFORE = '$2::text';
const LIMIT = '$3::bigint';

/** Each account is found by one search of an index, however many connections it has. */
const TEXT = `WITH RECURSIVE ${COLUMNS.map(eachAccount).join(', ')}
  ${COLUMNS.map((column) => `SELECT id FROM each_${column}`).join(' UNION ')} ORDER BY id LIMIT ${LIMIT}`;

/** Reads the accounts of connections, in the order of their ids. */
export function accountsStatement({ from, before, limit }: AccountRange): Query {
  return { text: TEXT, values: [from, before, limit] };
}

/** The accounts in one column and in the range, at most as many as the limit. */
function eachAccount(column: AccountColumn): string {
  const next = (condition: string) =>
    `(SELECT ${column} AS id FROM connections WHERE ${column} ${condition} AND ${column} < ${BEFORE} ORDER BY ${column} LIMIT 1)`;
  return `each_${column} (id, place) AS (
    SELECT first.id, 1 FROM ${next(`>= ${FROM}`)} AS first
    UNION ALL
    SELECT following.id, place + 1 FROM each_${column}
      CROSS JOIN LATERAL ${next(`> each_${column}.id`)} AS following WHERE place < ${LIMIT}
  )`;
}
