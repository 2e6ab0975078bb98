import { Client } from 'pg';

import { testUnless } from './aws-commands';
import { pgbouncerMissing, startPgbouncer } from './pgbouncer';
import { createDatabase, describeWithPostgres, startOwnPostgres, usePostgres } from './postgres';

describeWithPostgres('a PostgreSQL for tests', () => {
  const database = usePostgres();

  it('is version 15 or newer, and sorts text by bytes', async () => {
    const [{ version } = { version: 0 }] = await database.query<{ version: number }>(
      "SELECT current_setting('server_version_num')::int AS version",
    );
    expect(version).toBeGreaterThanOrEqual(150_000);
    expect(await database.query("SELECT 'a' > 'B' AS bytes")).toEqual([{ bytes: true }]);
  });

  it('gives each test file a database, and copies one on request', async () => {
    await database.query('CREATE TABLE kept (name text)');
    await database.query('INSERT INTO kept VALUES ($1)', ['row']);
    const empty = await createDatabase();
    const copy = await createDatabase(new URL(database.url).pathname.slice(1));
    expect(await empty.query("SELECT to_regclass('kept') AS kept")).toEqual([{ kept: null }]);
    expect(await copy.query('SELECT name FROM kept')).toEqual([{ name: 'row' }]);
    await Promise.all([empty.drop(), copy.drop()]);
    await expect(copy.query('SELECT 1')).rejects.toMatchObject({ code: '3D000' });
  });

  testUnless(
    pgbouncerMissing,
    'can be reached through PgBouncer, which refuses parameters of a session',
    async () => {
      const url = await startPgbouncer(database.url);
      const client = new Client({ connectionString: url });
      await client.connect();
      expect((await client.query('SELECT current_database() AS name')).rows).toEqual([
        { name: new URL(database.url).pathname.slice(1) },
      ]);
      await client.end();
      const refused = new Client({ connectionString: url, statement_timeout: 1_000 });
      await expect(refused.connect()).rejects.toMatchObject({ code: '08P01' });
    },
  );

  it('can be started and killed by a test', async () => {
    const { url, pid, exited } = await startOwnPostgres({ settings: { max_connections: '7' } });
    expect(new URL(url).port).not.toBe(new URL(database.url).port);
    process.kill(pid, 'SIGKILL');
    expect(await exited).toEqual([null, 'SIGKILL']);
  });
});
