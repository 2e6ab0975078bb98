import { unrestrictedViewer } from '../../../src/proton/viewer';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import {
  controlPlaneOn,
  emptyTables,
  openTestStore,
  type StoreOverrides,
} from '../../support/postgres-store';
import { ENVIRONMENT, MANAGEMENT } from '../../support/proton';

const asking = (environmentName: string) => ({
  managementAccountId: MANAGEMENT,
  environmentAccountId: ENVIRONMENT,
  environmentName,
  clientToken: environmentName,
});

/**
 * A trigger of the tests that raises an error at COMMIT, as some databases do for transactions in each other's way. A sequence counts
 * the attempts, because it is not rolled back. It fails those up to the number in the table.
 */
const FAILING_COMMITS = [
  'CREATE SEQUENCE attempts',
  'CREATE TABLE failing (attempts int, code text)',
  `CREATE FUNCTION fail_commit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('attempts') <= (SELECT max(attempts) FROM failing) THEN
        RAISE EXCEPTION 'not now' USING ERRCODE = (SELECT max(code) FROM failing);
      END IF;
      RETURN NULL;
    END $$`,
  `CREATE CONSTRAINT TRIGGER fail_commit AFTER INSERT ON connection_events
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_commit()`,
];

describeWithPostgres('A transaction that fails at COMMIT because of another one', () => {
  const database = usePostgres();
  beforeAll(async () => {
    await (await openTestStore(database.url)).close();
    for (const statement of FAILING_COMMITS) await database.query(statement);
  });

  async function start(attempts: number, code: string, overrides?: StoreOverrides) {
    const retries: string[] = [];
    const store = await openTestStore(database.url, {
      ...overrides,
      retried: (sqlstate) => retries.push(sqlstate),
    });
    await emptyTables(database);
    await database.query('DELETE FROM failing');
    await database.query('INSERT INTO failing VALUES ($1, $2)', [attempts, code]);
    await database.query("SELECT setval('attempts', 1, false)");
    const session = controlPlaneOn(store).service.session(unrestrictedViewer('someone'));
    return { store, session, retries };
  }

  it.each(['40001', '40P01'])('is repeated with %s until it succeeds, and is written once', async (code) => {
    const { store, session, retries } = await start(3, code);
    const created = await session.createConnection(asking('one'));
    expect(retries).toEqual([code, code, code]);
    expect(created).toMatchObject({ environmentName: 'one', status: 'PENDING' });
    expect(await database.query('SELECT connection_id AS id, version FROM connection_events')).toEqual([
      { id: created.id, version: '1' },
    ]);
    expect(await database.query('SELECT id FROM connections')).toEqual([{ id: created.id }]);
    await store.close();
  });

  it('fails in time as UNAVAILABLE when that does not end, and leaves nothing', async () => {
    const { store, session, retries } = await start(2 ** 30, '40001', { timeoutMs: 300 });
    const started = performance.now();
    await expect(session.createConnection(asking('one'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    // The timeout, the 250 ms after it, and what a busy machine adds.
    expect(performance.now() - started).toBeLessThan(1_500);
    expect(retries.length).toBeGreaterThan(3);
    expect(await database.query('SELECT 1 FROM connections')).toEqual([]);
    await database.query('DELETE FROM failing');
    expect(await session.createConnection(asking('one'))).toMatchObject({ status: 'PENDING' });
    await store.close();
  });
});
