import { Client } from 'pg';

import { findPostgres, PostgresMissing } from '../../scripts/postgres/installation';
import { startPostgres } from '../../scripts/postgres/server';

/**
 * Jest's global setup of the projects that use PostgreSQL: starts one server, which ends with Jest. With TEST_DATABASE_URL that
 * server is used instead, and with TEST_POSTGRES_BIN the programs in that folder. Test files run in other processes, so
 * test/support/postgres.ts gets the outcome by variables.
 */
export default async function provideServer(): Promise<void> {
  const { TEST_DATABASE_URL: given, TEST_POSTGRES_URL: started } = process.env;
  // Jest's watch mode calls this before each run.
  if (started !== undefined) return;
  try {
    process.env['TEST_POSTGRES_URL'] = given ? await checkAccess(given) : await startServer();
  } catch (error) {
    if (!(error instanceof PostgresMissing)) throw error;
    process.env['TEST_POSTGRES_MISSING'] = error.message;
  }
}

async function startServer(): Promise<string> {
  const installation = findPostgres(process.env['TEST_POSTGRES_BIN']);
  // Test files that start servers of their own use this copy.
  process.env['TEST_POSTGRES_BIN'] = installation.bin;
  const { url } = await startPostgres(installation, {
    // Without fsync a commit outlives processes, but not the machine.
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '400' },
  });
  return url;
}

/** @throws PostgresMissing */
async function checkAccess(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    await client.query('SELECT 1');
    return url;
  } catch (error) {
    throw new PostgresMissing(`TEST_DATABASE_URL can't be used: ${String(error)}`);
  } finally {
    await client.end();
  }
}
