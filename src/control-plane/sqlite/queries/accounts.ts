import type BetterSqlite3 from 'better-sqlite3';

import type { AccountRange } from '../../../proton/accounts';
import type { AccountId } from '../../../proton/identifiers';
import { ACCOUNT_COLUMN } from '../../connection-rows';
import { limitOf } from '../limit';
import { pin } from '../pin-native';
import { indexOf } from './list-branches';

type AccountColumn = (typeof ACCOUNT_COLUMN)[keyof typeof ACCOUNT_COLUMN];

/** Reads the accounts of connections. Each is found by one search of an index, however many connections it has. */
export function accountsOf(database: BetterSqlite3.Database): (range: AccountRange) => readonly AccountId[] {
  const columns = Object.values(ACCOUNT_COLUMN);
  const found = columns.map((column) => `SELECT id FROM each_${column} WHERE id < @before`);
  const select = pin(
    database
      .prepare<[AccountRange], AccountId>(
        `WITH RECURSIVE ${columns.map(eachAccount).join(', ')} ${found.join(' UNION ')} ORDER BY id ${limitOf('@limit')}`,
      )
      .pluck(true),
  );
  return (range) => select.all(range);
}

/** The accounts in one column from `@from` on, at most `@limit`. The last one may be null, or beyond the range. */
function eachAccount(column: AccountColumn): string {
  const next = (condition: string) =>
    `(SELECT min(${column}) FROM connections INDEXED BY ${indexOf(column)} WHERE ${column} ${condition})`;
  return `each_${column} (id) AS (
    SELECT ${next('>= @from')} UNION ALL SELECT ${next(`> each_${column}.id`)} FROM each_${column} WHERE id < @before ${limitOf('@limit')}
  )`;
}
