import type { PostgresDatabase } from './postgres';
import { account, START } from './proton';

/** The bounds are those of a million: TEST_POSTGRES_ROWS=1000000 npx jest postgres/scale */
export const ROWS = Number(process.env['TEST_POSTGRES_ROWS'] ?? 100_000);

/** The management account of a third of all connections. It has no PENDING one, and its `production` ones are nearly all REJECTED. */
export const BIG = account('111111111111');
/** The management account of the oldest connections only. A walk from the newest ones meets them last. */
export const OLD = account('555555555555');
/** One of 300 management accounts of the other connections. */
export const SMALL = account('500000000001');
export const WITHOUT_CONNECTIONS = account('999999999999');
/** How many environment accounts there are. They have equally many connections. */
export const ENVIRONMENT_ACCOUNTS = 2_003;
/** @param index from 0 */
export const environmentAccount = (index: number) => account(String(300_000_000_000 + index));

/** The Region of the oldest connections only. */
export const OLD_REGION = 'us-west-2';
/** Every fourth connection has this name, in every Region and of every account. It is never PENDING. */
export const EVERYWHERE = 'production';
/** One connection in 20,000 has this name, and the Region `sa-east-1`. */
export const RARE = 'rare';

/**
 * A connection by its number n of $1. Only REJECTED ones may repeat accounts, Region and name: production repeats the accounts of
 * others after lcm(300, 2003) numbers, or sooner when the management account is BIG or OLD.
 */
const NUMBERED_ROWS = `SELECT
    (md5(n::text))::uuid AS id,
    CASE WHEN is_rare THEN 'sa-east-1' WHEN is_old THEN '${OLD_REGION}'
      ELSE (ARRAY['us-east-1', 'eu-west-1', 'eu-central-1'])[1 + (n / 3) % 3] END AS region,
    CASE WHEN is_production AND (is_big OR is_old OR n > 600900) THEN 'REJECTED'
      WHEN is_production OR is_big OR n % 2 = 0 THEN 'CONNECTED'
      ELSE 'PENDING' END AS status,
    CASE WHEN is_rare THEN '${RARE}' WHEN is_production THEN '${EVERYWHERE}' ELSE 'service-' || n END AS environment_name,
    CASE WHEN is_big THEN '${BIG}' WHEN is_old THEN '${OLD}' ELSE (500000000000 + n % 300)::text END AS management_account_id,
    (300000000000 + n % ${String(ENVIRONMENT_ACCOUNTS)})::text AS environment_account_id,
    ${String(START)} + n / 2 AS requested_at
  FROM generate_series(1, $1::bigint) AS number(n),
    LATERAL (SELECT n % 3 = 0 AS is_big, n <= $1::bigint / 10 AS is_old, n % 4 = 1 AS is_production, n % 20000 = 10001 AS is_rare) AS kind`;

/** Fills the tables that a store has made with this many connections, oldest first, and the events of each. */
export async function fillTables(
  { query }: Pick<PostgresDatabase, 'query'>,
  connections: number,
): Promise<void> {
  // Building an index after its rows are there is faster.
  const indexes = await query<{ name: string; definition: string }>(
    `SELECT indexname AS name, indexdef AS definition FROM pg_indexes
      WHERE tablename = 'connections' AND indexname NOT IN (SELECT conname FROM pg_constraint)`,
  );
  for (const { name } of indexes) await query(`DROP INDEX ${name}`);
  await query(
    `INSERT INTO connections (id, region, status, environment_name, management_account_id, environment_account_id,
        requested_at, last_modified_at, tags, version, live, first_decision, decided_at)
      SELECT id, region, status, environment_name, management_account_id, environment_account_id,
        requested_at, requested_at, '[]', CASE status WHEN 'PENDING' THEN 1 ELSE 2 END, CASE WHEN status <> 'REJECTED' THEN true END,
        CASE status WHEN 'CONNECTED' THEN 'ACCEPTED' WHEN 'REJECTED' THEN status END,
        CASE WHEN status <> 'PENDING' THEN requested_at + 1 + requested_at * 7919 % 67108864 END
      FROM (${NUMBERED_ROWS}) AS numbered`,
    [connections],
  );
  for (const { definition } of indexes) await query(definition);
  await query(
    `INSERT INTO connection_events (connection_id, version, id, type, status, previous_status, actor, occurred_at)
      SELECT id, 1, gen_random_uuid(), 'CREATED', 'PENDING', NULL, 'filled', requested_at FROM connections`,
  );
  await query(
    `INSERT INTO connection_events (connection_id, version, id, type, status, previous_status, actor, occurred_at)
      SELECT id, 2, gen_random_uuid(), first_decision, status, 'PENDING', 'filled', decided_at FROM connections WHERE status <> 'PENDING'`,
  );
  // What the server does by itself within minutes.
  await query('VACUUM ANALYZE connections');
  await query('VACUUM ANALYZE connection_events');
}
