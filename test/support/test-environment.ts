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
