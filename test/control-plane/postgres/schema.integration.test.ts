import { openDatabase } from '../../../src/control-plane/postgres/database';
import { migrateDatabase } from '../../../src/control-plane/postgres/postgres-store';
import { migrate, missingSteps } from '../../../src/control-plane/postgres/schema/migrate';
import { BOOKKEEPING, SCHEMA_STEPS } from '../../../src/control-plane/postgres/schema/steps';
import { unrestrictedViewer } from '../../../src/proton/viewer';
import { createDatabase, describeWithPostgres, type PostgresDatabase } from '../../support/postgres';
import { connectionTo, controlPlaneOn, openTestStore } from '../../support/postgres-store';
import { ENVIRONMENT, MANAGEMENT } from '../../support/proton';

describeWithPostgres('The schema of a PostgreSQL database', () => {
  let database: PostgresDatabase;
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.drop());

  const options = (trace?: (statement: string) => void) => ({
    connection: connectionTo(database.url),
    poolSize: 2,
    timeoutMs: 10_000,
    prepare: true,
    trace,
  });
  const tables = async () =>
    (
      await database.query<{ tablename: string }>(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
      )
    ).map(({ tablename }) => tablename);

  it('is created by ten processes that start at once, each step once', async () => {
    const statements: string[] = [];
    const stores = await Promise.all(
      Array.from({ length: 10 }, () =>
        openTestStore(database.url, { poolSize: 2, trace: (statement) => statements.push(statement) }),
      ),
    );
    for (const { statement } of SCHEMA_STEPS) {
      expect(statements.filter((text) => text === statement)).toHaveLength(1);
    }
    for (const [index, store] of stores.entries()) {
      const session = controlPlaneOn(store).service.session(unrestrictedViewer('someone'));
      await session.createConnection({
        managementAccountId: MANAGEMENT,
        environmentAccountId: ENVIRONMENT,
        environmentName: `e${String(index)}`,
      });
    }
    await Promise.all(stores.map((store) => store.close()));
  });

  it('is completed after a process that died between a step and its note', async () => {
    for (const statement of BOOKKEEPING) await database.query(statement);
    for (const { step, statement } of SCHEMA_STEPS.slice(0, 5)) {
      await database.query(statement);
      if (step < 5) await database.query('INSERT INTO schema_steps VALUES ($1, 0)', [step]);
    }
    // The dead process had the lease for another half a second.
    await database.query(
      'INSERT INTO schema_lease SELECT 1, gen_random_uuid(), (extract(epoch FROM clock_timestamp()) * 1000)::bigint + 500',
    );
    expect(await migrateDatabase(options())).toBe(SCHEMA_STEPS.length - 4);
    expect(await migrateDatabase(options())).toBe(0);
  });

  it('is left alone by a start that may not change it', async () => {
    await expect(openTestStore(database.url, { migrate: false })).rejects.toMatchObject({
      name: 'StoreOpenError',
      message: expect.stringContaining('npx proton-subgraph migrate') as unknown,
    });
    expect(await tables()).toEqual([]);
    await migrateDatabase(options());
    const store = await openTestStore(database.url, { migrate: false });
    expect(await store.health()).toEqual({ ok: true });
    await store.close();
  });

  it('may have steps of a later version, which only add', async () => {
    const later = [
      ...SCHEMA_STEPS,
      {
        step: SCHEMA_STEPS.length + 1,
        statement: 'ALTER TABLE connections ADD COLUMN IF NOT EXISTS later text',
      },
    ];
    const own = openDatabase(options());
    await migrate(own, later);
    expect(await missingSteps(own)).toEqual([]);
    await own.close();
    const store = await openTestStore(database.url);
    const session = controlPlaneOn(store).service.session(unrestrictedViewer('someone'));
    const created = await session.createConnection({
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName: 'one',
    });
    expect(await session.acceptConnection(created)).toMatchObject({ status: 'CONNECTED' });
    await store.close();
  });

  it('has the columns that operators may rely on', async () => {
    await migrateDatabase(options());
    const columnsOf = async (table: string) =>
      (
        await database.query<{ column_name: string }>(
          'SELECT column_name FROM information_schema.columns WHERE table_name = $1',
          [table],
        )
      ).map((row) => row.column_name);
    expect(await columnsOf('feed')).toEqual(expect.arrayContaining(['position', 'connection_id', 'version']));
    expect(await columnsOf('connection_events')).toEqual(
      expect.arrayContaining(['connection_id', 'version', 'occurred_at', 'type']),
    );
    expect(await columnsOf('connections')).toEqual(
      expect.arrayContaining([
        'id',
        'environment_name',
        'management_account_id',
        'environment_account_id',
        'region',
        'status',
      ]),
    );
  });
});
