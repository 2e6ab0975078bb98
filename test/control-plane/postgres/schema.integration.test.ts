import { Client } from 'pg';

import { openDatabase } from '../../../src/control-plane/postgres/database';
import { migrateDatabase } from '../../../src/control-plane/postgres/postgres-store';
import { migrate, missingSteps } from '../../../src/control-plane/postgres/schema/migrate';
import { BOOKKEEPING, SCHEMA_STEPS } from '../../../src/control-plane/postgres/schema/steps';
import { unrestrictedViewer } from '../../../src/proton/viewer';
import { createDatabase, describeWithPostgres, type PostgresDatabase } from '../../support/postgres';
import { connectionTo, controlPlaneOn, openTestStore } from '../../support/postgres-store';
import { ENVIRONMENT, MANAGEMENT } from '../../support/proton';
import { until } from '../../support/replicas';

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

  it('is completed after a process that died between a step and its record', async () => {
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

  describe('while another session reads a table in a long transaction', () => {
    let reading: Client;
    let endReading: () => Promise<unknown>;
    const lastIndex = SCHEMA_STEPS.find(({ statement }) => statement.includes(' connections_to_backfill '));
    if (!lastIndex) throw new Error('no step builds the index');

    beforeEach(async () => {
      await migrateDatabase(options());
      await database.query('DROP INDEX connections_to_backfill');
      await database.query('DELETE FROM schema_steps WHERE step = $1', [lastIndex.step]);
      reading = new Client({ connectionString: database.url });
      await reading.connect();
      await reading.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM connections');
      endReading = () => reading.query('COMMIT');
    });
    afterEach(() => reading.end());

    /** @returns the process of the session that waits for a lock with such a statement */
    async function waiting(statement: string): Promise<number> {
      let pid: number | undefined;
      await until(async () => {
        const rows = await database.query<{ pid: number }>(
          `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
             AND starts_with(query, $1)`,
          [statement],
        );
        pid = rows[0]?.pid;
        return pid !== undefined;
      });
      return pid ?? 0;
    }

    const unusable = () =>
      database.query<{ name: string }>(
        'SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid',
      );

    it('gets a column after it, and others use the table until then', async () => {
      const column = {
        step: SCHEMA_STEPS.length + 1,
        statement: 'ALTER TABLE connections ADD COLUMN IF NOT EXISTS later text',
      };
      const steps = [...SCHEMA_STEPS.filter((step) => step !== lastIndex), column];
      const own = openDatabase(options());
      const migrated = migrate(own, steps);
      await waiting('ALTER TABLE');
      await database.query('SELECT count(*) FROM connections');
      await database.query('DELETE FROM connections');
      expect(await missingSteps(own, steps)).toEqual([column]);
      await endReading();
      expect(await migrated).toEqual([column]);
      await own.close();
    });

    it('gets an index after it, also when the first build of it was cut off, and others write until then', async () => {
      const own = openDatabase(options());
      const cutOff = migrate(own).catch((error: unknown) => error);
      const pid = await waiting('CREATE INDEX');
      await database.query('DELETE FROM connections');
      await database.query('SELECT pg_terminate_backend($1)', [pid]);
      expect(await cutOff).toMatchObject({ code: '57P01' });
      expect(await unusable()).toEqual([{ name: 'connections_to_backfill' }]);
      const migrated = migrate(own);
      await waiting('DROP INDEX');
      await endReading();
      expect(await migrated).toEqual([lastIndex]);
      expect(await unusable()).toEqual([]);
      expect(await database.query("SELECT to_regclass('connections_to_backfill')")).toEqual([
        { to_regclass: 'connections_to_backfill' },
      ]);
      await own.close();
    });

    it('leaves an index alone that the server still builds for a process that has died', async () => {
      const statements: string[] = [];
      const building = new Client({ connectionString: database.url });
      await building.connect();
      const built = building.query(lastIndex.statement);
      await waiting('CREATE INDEX');
      let looked: () => void = () => undefined;
      const hasLooked = new Promise<void>((resolve) => {
        looked = resolve;
      });
      const own = openDatabase(
        options((statement) => {
          statements.push(statement);
          if (statement.includes('pg_stat_activity')) looked();
        }),
      );
      const migrated = migrate(own);
      await hasLooked;
      await endReading();
      await built;
      expect(await migrated).toEqual([lastIndex]);
      expect(statements.filter((statement) => statement.startsWith('DROP'))).toEqual([]);
      expect(await unusable()).toEqual([]);
      await building.end();
      await own.close();
    });
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
