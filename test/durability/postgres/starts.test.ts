import { SCHEMA_STEPS } from '../../../src/control-plane/postgres/schema/steps';
import { failOnce, startDatabaseSwitch } from '../../support/database-switch';
import {
  createDatabase,
  describeWithPostgres,
  usePostgres,
  type PostgresDatabase,
} from '../../support/postgres';
import { startReplica, until, type Replica } from '../../support/replicas';
import { prepareServerProcess, runServerToEnd } from '../../support/server-process';

const REPLICAS = 10;

describeWithPostgres('Starts on PostgreSQL', () => {
  const reference = usePostgres();
  const others: PostgresDatabase[] = [];
  let expected: unknown;
  beforeAll(async () => {
    const replica = await startReplica(reference.url);
    await replica.end('SIGTERM');
    expected = await schemaOf(reference);
  });
  afterAll(async () => {
    await Promise.all(others.map(({ drop }) => drop()));
  });

  async function newDatabase(template?: string): Promise<PostgresDatabase> {
    const database = await createDatabase(template);
    others.push(database);
    return database;
  }

  const copyOfReference = () => newDatabase(new URL(reference.url).pathname.slice(1));

  /** Makes a database lack a step, as that of the previous version does. */
  async function withoutOneStep(): Promise<PostgresDatabase> {
    const database = await copyOfReference();
    const last = SCHEMA_STEPS.find(({ statement }) =>
      statement.includes('CREATE TABLE IF NOT EXISTS import_records'),
    );
    await database.query('DROP TABLE import_records');
    await database.query('DELETE FROM schema_steps WHERE step = $1', [last?.step]);
    return database;
  }

  it.each([
    ['on an empty database', () => newDatabase()],
    ['with a step that is missing', withoutOneStep],
  ])(
    'succeed for ten servers at once, %s, although one is killed in the middle of a step',
    async (_name, prepare) => {
      const database = await prepare();
      // All processes are loaded before the first one starts.
      const servers = Array.from({ length: REPLICAS }, () =>
        prepareServerProcess({ DATABASE_URL: database.url }),
      );
      const wire = await startDatabaseSwitch(database.url);
      const victim = prepareServerProcess({ DATABASE_URL: wire.url });
      // The step is applied, but not recorded.
      const inTheMiddle = failOnce(
        wire,
        ({ text }) => text.startsWith('INSERT INTO schema_steps'),
        ({ silence }) => {
          silence();
        },
      );
      const killed = victim.start().catch((error: unknown) => String(error));
      await inTheMiddle;
      const started = servers.map(({ start }) => start());
      victim.kill();
      expect(await killed).toMatch(/ended with null before it was ready/);
      const replicas = await Promise.all(started);
      expect(await schemaOf(database)).toEqual(expected);
      const readiness = await Promise.all(replicas.map(({ admin }) => fetch(`${admin ?? ''}/health/ready`)));
      expect(readiness.map(({ status }) => status)).toEqual(replicas.map(() => 200));
      expect(await Promise.all(replicas.map(({ end }) => end('SIGTERM')))).toEqual(replicas.map(() => 0));
      await wire.stop();
    },
  );

  it('with MIGRATE_ON_START=false name the command that changes the schema, and change nothing', async () => {
    for (const prepare of [newDatabase, withoutOneStep]) {
      const database = await prepare();
      const before = await schemaOf(database);
      const { code, stdout, stderr } = await runServerToEnd({
        DATABASE_URL: database.url,
        MIGRATE_ON_START: 'false',
      });
      expect(code).toBe(1);
      expect(stderr).toMatch(/npx proton-subgraph migrate/);
      expect(stderr).not.toMatch(/\n\s+at /);
      expect(`${stdout}${stderr}`).not.toContain(new URL(database.url).password);
      expect(await schemaOf(database)).toEqual(before);
    }
  });

  it('and requests succeed beside a newer version, whose step has added columns, a table and an index', async () => {
    const database = await copyOfReference();
    const running = await startReplica(database.url);
    const existing = await running.create('existing');
    // Statements are prepared in every session.
    await Promise.all(Array.from({ length: 20 }, () => useEverything(running)));
    for (const statement of [
      'ALTER TABLE connections ADD COLUMN IF NOT EXISTS later text',
      'ALTER TABLE connections ADD COLUMN IF NOT EXISTS later_count bigint NOT NULL DEFAULT 0',
      'ALTER TABLE connection_events ADD COLUMN IF NOT EXISTS later text',
      'ALTER TABLE account_scopes ADD COLUMN IF NOT EXISTS later text',
      'ALTER TABLE client_tokens ADD COLUMN IF NOT EXISTS later text',
      'ALTER TABLE unsequenced ADD COLUMN IF NOT EXISTS later text',
      'ALTER TABLE feed ADD COLUMN IF NOT EXISTS later text',
      'CREATE TABLE IF NOT EXISTS later (id uuid PRIMARY KEY)',
      'CREATE INDEX IF NOT EXISTS later_index ON connections (later)',
      `INSERT INTO schema_steps (step, applied_at) VALUES (${String(SCHEMA_STEPS.length + 1)}, 0)`,
    ])
      await database.query(statement);
    const restarted = await startReplica(database.url);
    for (const replica of [running, restarted]) {
      await Promise.all(Array.from({ length: 20 }, () => useEverything(replica)));
      expect(await replica.health()).toMatchObject({ ready: 200 });
    }
    expect(await restarted.accept(existing.id ?? '')).toMatchObject({ success: true });
    await until(async () => (await database.query('SELECT 1 FROM unsequenced')).length === 0);
    expect(await Promise.all([running.end('SIGTERM'), restarted.end('SIGTERM')])).toEqual([0, 0]);
  });
});

let names = 0;

/** Creates, changes, reads and deletes a connection. */
async function useEverything(replica: Replica): Promise<void> {
  const name = `everything-${String((names += 1))}`;
  const created = await replica.create(name, { token: name });
  const id = created.id ?? '';
  expect(await replica.update(id, '222222222222')).toMatchObject({ success: true });
  expect(await replica.accept(id)).toMatchObject({ success: true, status: 'CONNECTED' });
  expect(await replica.read()).toMatchObject({ code: undefined });
  expect(await replica.remove(id)).toMatchObject({ success: true, id });
}

/** The tables, their columns and indexes, and the steps that are recorded. */
async function schemaOf({ query }: Pick<PostgresDatabase, 'query'>) {
  const columns = await query(
    `SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns
     WHERE table_schema = 'public' ORDER BY table_name, column_name`,
  );
  const indexes = await query(
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexdef",
  );
  const steps = columns.length === 0 ? [] : await query('SELECT step FROM schema_steps ORDER BY step');
  return { columns, indexes, steps };
}
