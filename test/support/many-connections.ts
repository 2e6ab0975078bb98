import { randomUUID } from 'node:crypto';

import BetterSqlite3 from 'better-sqlite3';

import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import { account, START } from './proton';

/** The management account of a third of all connections. Some combinations of its Regions, statuses and names do not occur. */
export const BIG = account('111111111111');
/** The environment account of every second connection of `BIG`. */
export const BIG_ENVIRONMENT = account('222222222222');
export const SMALL = account('500000000001');
export const WITHOUT_CONNECTIONS = account('999999999999');

/**
 * Writes this many connections into a new store, with a realistically skewed distribution:
 * - `BIG` manages every third: in us-east-1 or eu-west-1, never PENDING; its `production` ones are all REJECTED.
 * - 300 accounts manage the others: in eu-west-1 or eu-central-1, never CONNECTED; `production` is REJECTED here too.
 * - One name and one Region are rare: one connection in 20,000 has `rare` and `sa-east-1`.
 */
export async function makeConnections(location: string, count: number): Promise<void> {
  await openSqliteStore({ location }).close();
  const database = new BetterSqlite3(location);
  database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -200000');
  // Creating indexes after the rows is faster.
  const indexes = database
    .prepare(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'connections' AND sql IS NOT NULL",
    )
    .all() as { readonly name: string; readonly sql: string }[];
  for (const { name } of indexes) database.exec(`DROP INDEX ${name}`);
  const insert = database.prepare(
    `INSERT INTO connections (id, region, status, environment_name, management_account_id, environment_account_id,
       requested_at, last_modified_at, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '[]')`,
  );
  database.transaction(() => {
    for (let index = 0; index < count; index += 1) insert.run(randomUUID(), ...columnsOf(index));
  })();
  for (const { sql } of indexes) database.exec(sql);
  database.close();
}

function columnsOf(index: number): readonly (string | number)[] {
  const at = START + index;
  const isBig = index % 3 === 0;
  const management = isBig ? BIG : String(500_000_000_000 + (index % 300));
  const environment = index % 6 === 0 ? BIG_ENVIRONMENT : String(300_000_000_000 + (index % 2_003));
  const isProduction = index % 4 === 0;
  const isRare = index % 20_000 === 10_001;
  const name = isRare ? 'rare' : isProduction ? 'production' : `env-${String(index)}`;
  const region = isRare
    ? 'sa-east-1'
    : (isBig ? ['us-east-1', 'eu-west-1'] : ['eu-west-1', 'eu-central-1'])[index % 2];
  // Only REJECTED connections may repeat accounts, Region and name.
  const status = isBig ? (isProduction ? 'REJECTED' : 'CONNECTED') : isProduction ? 'REJECTED' : 'PENDING';
  return [region ?? '', status, name, management, environment, at, at];
}
