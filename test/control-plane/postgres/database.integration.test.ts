import { Client } from 'pg';

import { openDatabase, type DatabaseOptions } from '../../../src/control-plane/postgres/database';
import { storeErrorOf } from '../../../src/control-plane/postgres/errors';
import { healthOn } from '../../../src/control-plane/postgres/health';
import {
  createDatabase,
  describeWithPostgres,
  freezePostgres,
  startOwnPostgres,
  usePostgres,
} from '../../support/postgres';
import { connectionTo, openTestStore } from '../../support/postgres-store';

function open(url: string, options: Partial<DatabaseOptions> = {}) {
  return openDatabase({
    connection: connectionTo(url),
    poolSize: 1,
    timeoutMs: 10_000,
    prepare: true,
    ...options,
  });
}

/** The kind of a failure of the server; OK without a failure. */
async function kindOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'OK';
  } catch (error) {
    return storeErrorOf(error)?.kind ?? String(error);
  }
}

describeWithPostgres('The sessions of a store', () => {
  const database = usePostgres();

  it('lose their locks when an import is frozen in its transaction', async () => {
    await database.query('CREATE TABLE held (id int)');
    await database.query('INSERT INTO held VALUES (1)');
    const importing = open(database.url);
    const other = new Client({ connectionString: database.url, statement_timeout: 8_000 });
    await other.connect();
    const started = performance.now();
    const frozen = importing.transaction(
      async (session) => {
        await session.send({ text: 'SELECT id FROM held FOR UPDATE' });
        // It waits for the lock that it holds itself, so it goes on only after the server has ended its session.
        await other.query('UPDATE held SET id = 2');
        await session.commit();
      },
      { unlimited: true },
    );
    await expect(frozen).rejects.toThrow();
    expect(performance.now() - started).toBeLessThan(3_000);
    await other.end();
    expect(await database.query('SELECT id FROM held')).toEqual([{ id: 2 }]);
    await importing.close();
  });

  it('are kept on a read-only server that is allowed', async () => {
    const standby = await createDatabase();
    await (await openTestStore(standby.url)).close();
    const name = new URL(standby.url).pathname.slice(1);
    await standby.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    const reading = open(standby.url);
    const session = () => reading.run({ text: 'SELECT pg_backend_pid()' });
    const before = await session();
    expect(await healthOn({ database: reading, readOnlyAllowed: true })()).toEqual({ ok: true });
    expect(await session()).toEqual(before);
    // Elsewhere the primary may have another address now.
    expect(await healthOn({ database: reading, readOnlyAllowed: false })()).toMatchObject({ ok: false });
    expect(await session()).not.toEqual(before);
    await reading.close();
    await standby.drop();
  });

  it('are said to be too few only while the server responds', async () => {
    const server = await startOwnPostgres();
    const small = open(server.url, { timeoutMs: 500 });
    const waiting = (seconds: number, calls: number) =>
      Promise.all(
        Array.from({ length: calls }, () =>
          kindOf(small.run({ text: `SELECT pg_sleep(${String(seconds)})` })),
        ),
      );
    const busy = await waiting(0.2, 10);
    expect(busy).toContain('busy');
    expect(busy).not.toContain('unreachable');
    const thaw = freezePostgres(server);
    // The first call finds out.
    await waiting(0, 1);
    expect(await waiting(0, 5)).toEqual(Array(5).fill('unreachable'));
    thaw();
    await small.close();
  });
});
