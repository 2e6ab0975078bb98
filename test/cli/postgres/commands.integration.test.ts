import { randomBytes } from 'node:crypto';

import { useTemporaryFolder } from '../../support/folder';
import { createDatabase, describeWithPostgres, type PostgresDatabase } from '../../support/postgres';
import { startReplica } from '../../support/replicas';
import { SECRET, startWebhookReceiver } from '../../support/webhook-receiver';
import { command } from '../command';
import { listed, record } from '../import-fixture';

const KEY = { ACCESS_KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64') };

describeWithPostgres('Commands on PostgreSQL', () => {
  const folder = useTemporaryFolder();
  let database: PostgresDatabase;
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.drop());

  const run = (words: readonly string[], env: Readonly<Record<string, string>> = {}, stdin = '') =>
    command(words, { env: { DATABASE_URL: database.url, ...KEY, ...env }, stdin });
  const connectionsIn = (json: string) =>
    (JSON.parse(json) as { environmentAccountConnections: readonly { readonly id: string }[] })
      .environmentAccountConnections;

  it('create the schema with migrate, which changes nothing when it runs again', async () => {
    const name = new URL(database.url).pathname.slice(1);
    const first = await run(['migrate']);
    expect(first.stdout).toMatch(
      new RegExp(`^The database ${name} has the schema of this version now \\(steps: [1-9]\\d*\\)\\.\n$`),
    );
    expect(await run(['migrate'])).toEqual({
      code: 0,
      stdout: `The database ${name} had the schema of this version already.\n`,
      stderr: '',
    });
  });

  it('name pg_dump and pg_restore instead of copying files', async () => {
    const backup = await run(['backup', folder.path('proton.db')]);
    expect(backup).toMatchObject({ code: 1, stdout: '' });
    expect(backup.stderr).toMatch(
      /DATABASE_URL names a PostgreSQL database\. Back it up with pg_dump: pg_dump /,
    );
    const restore = await run(['restore', folder.path('proton.db')]);
    expect(restore).toMatchObject({ code: 1, stdout: '' });
    expect(restore.stderr).toMatch(/Restore it with pg_restore, .*: pg_restore --clean /);
    expect(backup.stderr + restore.stderr).not.toContain(new URL(database.url).password);
  });

  it('import and export connections', async () => {
    const file = JSON.stringify(
      listed(record(), record({ id: 'a1b2c3d4-5678-4abc-9def-000000000002', environmentName: 'two' })),
    );
    const imported = await run(['import', '-', '--json'], {}, file);
    expect(imported).toMatchObject({ code: 0, stderr: '' });
    const exported = await run(['export']);
    expect(exported).toMatchObject({ code: 0, stderr: '' });
    expect(connectionsIn(exported.stdout)).toHaveLength(2);
    const again = await run(['import', '-'], {}, exported.stdout);
    expect(again.stdout).toMatch(/taken +2 +0 +0 +2 +0$/m);
  });

  it('import nothing in a dry run, which compares each file with the store and the files before it', async () => {
    const one = JSON.stringify(listed(record()));
    await run(['import', '-'], {}, one);
    const file = JSON.stringify([
      listed(record()),
      listed(record({ id: 'a1b2c3d4-5678-4abc-9def-000000000002', environmentName: 'two' })),
    ]);
    const dry = await run(['import', '-', '--dry-run'], {}, file);
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    expect(dry.stdout).toMatch(/taken +2 +1 +0 +1 +0$/m);
    expect(connectionsIn((await run(['export'])).stdout)).toHaveLength(1);
  });

  it('create, list and revoke access keys', async () => {
    const created = await run(['access-key', 'create', '--account', '222222222222', '--json']);
    const { accessKeyId } = JSON.parse(created.stdout) as { readonly accessKeyId: string };
    expect((await run(['access-key', 'list'])).stdout).toContain(accessKeyId);
    expect((await run(['access-key', 'revoke', accessKeyId])).stdout).toMatch(/^Revoked /);
    expect((await run(['access-key', 'list', '--json'])).stdout).toMatch(/"revokedAt": "2/);
  });

  it('list, pause, resume and replay events', async () => {
    const receiver = await startWebhookReceiver();
    const server = await startReplica(database.url, {
      EVENTS_WEBHOOK_URL: `billing=${receiver.url}`,
      EVENTS_WEBHOOK_SECRET: SECRET,
    });
    const { id = '' } = await server.create('one');
    await server.accept(id);
    await receiver.until(() => receiver.taken().length === 2);
    expect(await run(['events', 'pause', 'billing'])).toMatchObject({ code: 0, stderr: '' });
    expect((await run(['events', 'list'])).stdout).toMatch(
      /^billing +webhook +0 +0 +\d{4}-\S+ +paused \d{4}-/m,
    );
    const replayed = await run(['events', 'replay', 'billing', '--since', '2020-01-01T00:00:00Z']);
    expect(replayed.stdout).toMatch(/^billing gets 2 events again, the first of \S+\. It is paused\.\n$/);
    const list = JSON.parse((await run(['events', 'list', '--json'])).stdout) as object;
    expect(list).toMatchObject({ destinations: [{ name: 'billing', waiting: 2 }] });
    expect(await run(['events', 'resume', 'billing'])).toMatchObject({ code: 0, stderr: '' });
    await receiver.until(() => receiver.taken().length === 4);
    const ids = receiver.taken().map(({ event }) => event.id);
    expect(ids.slice(2)).toEqual(ids.slice(0, 2));
    expect(await run(['events', 'pause', 'audit'])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'There is no destination audit. There is: billing.\n',
    });
    expect(await server.end('SIGTERM')).toBe(0);
    await receiver.close();
  });

  it('leave the schema to migrate where MIGRATE_ON_START is false, and where they only read', async () => {
    const create = ['access-key', 'create', '--account', '222222222222'];
    for (const [words, env] of [
      [create, { MIGRATE_ON_START: 'false' }],
      [['export'], {}],
      [['access-key', 'list'], {}],
    ] as const) {
      const { code, stdout, stderr } = await run(words, env);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/lacks \d+ steps of this version's schema: run `npx proton-subgraph migrate`/);
    }
    expect(await database.query("SELECT to_regclass('schema_steps') AS found")).toEqual([{ found: null }]);
  });

  it('explain in one sentence why they can’t open the database, without the password', async () => {
    const wrong = Object.assign(new URL(database.url), { pathname: '/nowhere' }).href;
    for (const words of [['export'], ['migrate'], ['access-key', 'list']]) {
      const { code, stdout, stderr } = await run(words, { DATABASE_URL: wrong });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^PostgreSQL at \S+ has no database nowhere \(3D000\): create it .*\.\n$/);
      expect(stderr).not.toContain(new URL(wrong).password);
    }
  });
});
