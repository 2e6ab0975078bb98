import { createDatabase } from './postgres';

/** Free ports, and a store in memory unless the control plane is remote. */
export function testEnvironment(
  environment: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const embedded = { PROTON_ENDPOINT_PORT: '0', DATABASE_URL: 'sqlite::memory:' };
  return {
    PORT: '0',
    ADMIN_PORT: '0',
    ...('PROTON_UPSTREAM' in environment ? {} : embedded),
    ...environment,
  };
}

/** The same, but with TEST_STORE=postgres the store is a PostgreSQL database of its own instead of one in memory. */
export async function environmentWithStore(
  environment: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const complete = testEnvironment(environment);
  if (process.env['TEST_STORE'] !== 'postgres' || complete['DATABASE_URL'] !== 'sqlite::memory:')
    return complete;
  const { url } = await createDatabase();
  return { ...complete, DATABASE_URL: url };
}
