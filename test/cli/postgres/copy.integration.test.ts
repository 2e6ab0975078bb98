import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import BetterSqlite3 from 'better-sqlite3';
import { Client } from 'pg';

import { createAccessKeys } from '../../../src/control-plane/access-keys/access-keys';
import { openSqliteStore } from '../../../src/control-plane/sqlite/sqlite-store';
import type { Store } from '../../../src/control-plane/store';
import type { ConnectionId } from '../../../src/proton/identifiers';
import type { ProtonService } from '../../../src/proton/proton-service';
import { unrestrictedViewer } from '../../../src/proton/viewer';
import { readAccessKeyEncryptionKey } from '../../../src/config/config';
import { useTemporaryFolder } from '../../support/folder';
import { makeConnections } from '../../support/many-connections';
import { createDatabase, describeWithPostgres, type PostgresDatabase } from '../../support/postgres';
import { createPostgresControlPlane, openTestStore } from '../../support/postgres-store';
import { createControlPlane, ENVIRONMENT, MANAGEMENT } from '../../support/proton';
import { command, commandProcess, commandToEnd } from '../command';

const viewer = unrestrictedViewer('jane');
const KEY = { ACCESS_KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64') };
const TABLES = [
  'connections',
  'connection_events',
  'client_tokens',
  'access_keys',
  'access_key_seal',
  'event_destinations',
  'outbound_events',
  'outbound_connections',
];

const LATER = {
  managementAccountId: MANAGEMENT,
  environmentAccountId: ENVIRONMENT,
  environmentName: 'later',
};

const CONNECTION = ['a1b2c3d4-5678-4abc-9def-000000000009'] as readonly string[] as readonly [ConnectionId];

interface Summary {
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly checksum: string }>>;
}

describeWithPostgres('copy', () => {
  const folder = useTemporaryFolder();
  const file = () => folder.path('proton.db');
  let database: PostgresDatabase;
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.drop());

  const words = () => ['copy', '--from', `sqlite:${file()}`, '--to', database.url, '--json'];
  const copy = () => command(words());
  const rowsIn = async (table: string) =>
    (await database.query<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${table}`))[0]?.rows;

  /** A connection for each number, of which every second is accepted, every third tagged twice, and the last deleted. */
  async function makeStore(count: number): Promise<void> {
    const { service, store, clock } = createControlPlane({ location: file() });
    const session = service.session(viewer);
    for (let number = 1; number <= count; number += 1) {
      const { id } = await session.createConnection({
        managementAccountId: MANAGEMENT,
        environmentAccountId: ENVIRONMENT,
        environmentName: `environment-${String(number)}`,
        clientToken: `token-${String(number)}`,
        tags: [{ key: 'city', value: 'Zürich' }],
      });
      clock.advance(1_000);
      if (number % 2 === 0) await session.acceptConnection({ id });
      if (number % 3 === 0) {
        await session.tagConnection({ id, tags: [{ key: 'team', value: 'one' }] });
        await session.tagConnection({ id, tags: [{ key: 'team', value: 'two' }] });
      }
      if (number === count) await session.deleteConnection({ id });
    }
    const encryptionKey = readAccessKeyEncryptionKey(KEY);
    if (encryptionKey === undefined) throw new Error('the key is set');
    const keys = createAccessKeys({ store: store.accessKeys, encryptionKey });
    await keys.issue(ENVIRONMENT);
    const { accessKeyId } = await keys.issue(MANAGEMENT);
    await store.accessKeys.revoke(accessKeyId, clock.now());
    await queueEvents(store);
    await store.close();
  }

  /** What two events of a connection that was deleted leave, for a destination that is paused. */
  async function queueEvents({ outbound, feed }: Store): Promise<void> {
    const [connectionId] = CONNECTION;
    await outbound.register([{ name: 'audit', transport: 'webhook' }]);
    const head = await feed.head();
    await outbound.enqueue('audit', head, head, [
      { connectionId, version: 1, message: 'first' },
      { connectionId, version: 2, message: 'second' },
    ]);
    await outbound.pause('audit', 'operator');
  }

  async function changeFile(): Promise<void> {
    const { service, store } = createControlPlane({ location: file() });
    await service.session(viewer).createConnection(LATER);
    await store.close();
  }

  /** Copies in a process of its own until it inserts into the table. Then the server ends its session. */
  async function interruptedCopy(table: string) {
    await (await openTestStore(database.url)).close();
    const other = new Client({ connectionString: database.url });
    await other.connect();
    await other.query(`BEGIN; LOCK TABLE ${table} IN SHARE MODE`);
    const copying = commandToEnd(words());
    // In a session of its own, because a transaction sees the activity of one moment.
    const endWaiting = () =>
      database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO ${table} %'`);
    while ((await endWaiting()).length === 0) await delay(5);
    await other.query('COMMIT');
    await other.end();
    return copying;
  }

  async function contentsOf(store: Store) {
    const connections = [];
    for await (const connection of store.exports.connections()) connections.push(connection);
    const histories = await store.listEvents(
      connections.map(({ id }) => ({ connectionId: id, before: undefined, limit: 100 })),
    );
    const accessKeys = await store.accessKeys.list();
    const keyCheck = await store.accessKeys.readKeyCheck();
    await store.close();
    return { connections, histories, accessKeys, keyCheck };
  }

  async function firstPage(service: ProtonService, after: string | undefined) {
    const [page] = await service.session(viewer).listConnections([{ first: 4, after }]);
    if (page === undefined || page instanceof Error) throw new Error('there is no page');
    return { ids: page.items.map(({ id }) => id), cursor: page.cursorAt(3) };
  }

  it('brings connections, history, client tokens and access keys, and announces nothing', async () => {
    await makeStore(12);
    const { code, stdout, stderr } = await copy();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { tables } = JSON.parse(stdout) as Summary;
    expect(Object.entries(tables).map(([name, { rows }]) => [name, rows])).toEqual([
      ['connections', 11],
      // Each has its creation, six were accepted, four tagged twice, and one was deleted.
      ['connection_events', 12 + 6 + 8 + 1],
      ['client_tokens', 11],
      ['access_keys', 2],
      ['access_key_seal', 1],
      ['event_destinations', 1],
      ['outbound_events', 2],
      ['outbound_connections', 1],
    ]);
    expect(await contentsOf(await openTestStore(database.url))).toEqual(
      await contentsOf(openSqliteStore({ location: file() })),
    );
    expect(await Promise.all(['feed', 'unsequenced'].map(rowsIn))).toEqual([0, 0]);
    expect(
      await database.query(`SELECT connection_id FROM connection_events GROUP BY connection_id
        HAVING min(version) <> 1 OR max(version) <> count(*)`),
    ).toEqual([]);
  });

  it('brings what waits for a destination of events, and says when changes were not queued for one', async () => {
    await makeStore(2);
    expect(await copy()).toMatchObject({ code: 0, stderr: '' });
    const { outbound, close } = await openTestStore(database.url);
    expect(await outbound.list()).toMatchObject([
      { name: 'audit', position: 0, paused: { reason: 'operator' } },
    ]);
    await outbound.resume('audit');
    const claimed = await outbound.claim('audit', { token: randomUUID(), limit: 9, leaseMs: 1_000 });
    expect(claimed).toMatchObject({ kind: 'claimed', events: [{ version: 1, message: 'first' }] });
    await close();

    await database.drop();
    database = await createDatabase();
    await changeFile();
    const again = await copy();
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).toMatch(/^Warning: destinations of events get nothing of 1 changes/);
  });

  it('keeps cursors, client tokens and quotas working, and goes on with the versions', async () => {
    await makeStore(12);
    const source = createControlPlane({ location: file() });
    const cursor = (await firstPage(source.service, undefined)).cursor;
    const next = await firstPage(source.service, cursor);
    await source.store.close();
    await copy();

    const { service, store, clock } = await createPostgresControlPlane(database.url, { quota: 11 });
    const session = service.session(viewer);
    expect(next.ids).toHaveLength(4);
    expect(await firstPage(service, cursor)).toEqual(next);
    const again = {
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName: 'environment-1',
      clientToken: 'token-1',
      tags: [{ key: 'city', value: 'Zürich' }],
    };
    const repeated = await session.createConnection(again);
    expect(repeated.status).toBe('PENDING');
    await expect(
      session.createConnection({ ...again, environmentName: 'new', clientToken: 'new' }),
    ).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    clock.advance(60_000);
    await session.acceptConnection({ id: repeated.id });
    await store.close();
    expect(
      await database.query(
        `SELECT version::int, type FROM connection_events WHERE connection_id = '${repeated.id}' ORDER BY version`,
      ),
    ).toEqual([
      { version: 1, type: 'CREATED' },
      { version: 2, type: 'ACCEPTED' },
    ]);
  });

  it('goes on after it was killed, as often as that happens', async () => {
    await makeConnections(file(), 60_000);
    let copied = 0;
    for (let kill = 1; kill <= 5; kill += 1) {
      const child = commandProcess(words(), {});
      const ended = once(child, 'exit');
      const progress = async () =>
        (
          await database
            .query<{ copied: number }>('SELECT sum(copied)::int AS copied FROM copy_progress')
            .catch(() => [])
        )[0]?.copied ?? 0;
      while ((await progress()) <= copied && child.exitCode === null) await delay(5);
      child.kill('SIGKILL');
      expect(await ended).toEqual([null, 'SIGKILL']);
      copied = await progress();
    }
    expect(copied).toBeGreaterThan(0);
    expect(await rowsIn('connections')).toBeLessThan(60_000);
    const { code, stdout, stderr } = await copy();
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'Going on with a copy that was interrupted.\n',
    });
    expect((JSON.parse(stdout) as Summary).tables['connections']?.rows).toBe(60_000);
    expect(await rowsIn('connections')).toBe(60_000);
    expect((await copy()).code).toBe(0);
  });

  it('says where the connection ended when the server ends it, and then goes on', async () => {
    await makeStore(3);
    const { code, stdout, stderr } = await interruptedCopy('connections');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^The server at \S+ ended the connection: .* The same command then goes on where this one ended\.\n$/,
    );
    expect((await copy()).code).toBe(0);
  });

  it('begins again when the file has changed since it was interrupted', async () => {
    await makeStore(3);
    await interruptedCopy('client_tokens');
    expect(await rowsIn('connections')).toBe(2);
    await changeFile();
    const { code, stdout, stderr } = await copy();
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(
        /^The file has changed since a copy was interrupted, so it begins again\.\n/,
      ) as string,
    });
    expect((JSON.parse(stdout) as Summary).tables['connections']?.rows).toBe(3);
  });

  it('overwrites nothing when the file has changed after the copy was finished', async () => {
    await makeStore(3);
    await copy();
    await database.query('UPDATE access_keys SET revoked_at = 1');
    await changeFile();
    expect(await copy()).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'This database has a copy that was completed and verified, and the file has changed since. Nothing is overwritten: copy into another, empty database.\n',
    });
    expect(await database.query('SELECT DISTINCT revoked_at::int FROM access_keys')).toEqual([
      { revoked_at: 1 },
    ]);
    expect(await rowsIn('connections')).toBe(2);
  });

  it('says that it is finished when it runs again', async () => {
    await makeStore(3);
    const { stdout } = await copy();
    expect(await copy()).toEqual({
      code: 0,
      stdout,
      stderr: 'The copy is finished already. Both stores are only compared again.\n',
    });
  });

  it('replaces a NUL in an actor, which PostgreSQL has no text for', async () => {
    const { service, store } = createControlPlane({ location: file() });
    await service.session(unrestrictedViewer('ja\0ne')).createConnection(LATER);
    await store.close();
    expect((await copy()).code).toBe(0);
    expect(await database.query('SELECT actor FROM connection_events')).toEqual([{ actor: 'ja\uFFFDne' }]);
  });

  it('refuses a database with rows that it did not bring, and changes none', async () => {
    await makeStore(2);
    const { service, store } = await createPostgresControlPlane(database.url);
    await service.session(viewer).createConnection({
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName: 'theirs',
    });
    await store.close();
    const refused = await copy();
    expect(refused).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'The table connections has 1 rows, of which a copy has brought 0. Copy into an empty database.\n',
    });
    expect(await Promise.all(TABLES.map(rowsIn))).toEqual([1, 1, 0, 0, 0, 0, 0, 0]);
  });

  it('refuses a database that a server has written to after the copy', async () => {
    await makeStore(2);
    expect((await copy()).code).toBe(0);
    const { service, store } = await createPostgresControlPlane(database.url);
    const session = service.session(viewer);
    await session.createConnection({
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName: 'theirs',
    });
    await store.close();
    const { code, stderr } = await copy();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The table connections has 2 rows, of which a copy has brought 1\./);
  });

  it('finds a row that differs', async () => {
    await makeStore(2);
    await copy();
    await database.query("UPDATE connections SET environment_name = 'other'");
    const { code, stderr } = await copy();
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /The table connections differs: 1 rows with the checksum [0-9a-f]{64} in the file/,
    );
  });

  it('prints counts and checksums for each table, and a bar on a terminal', async () => {
    await makeStore(2);
    const { code, stdout, stderr } = await command(words().slice(0, -1), { terminal: true });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^TABLE +ROWS +SHA-256, THE SAME IN BOTH\nconnections +1 +[0-9a-f]{64}\n/);
    expect(stderr).toMatch(
      /copying outbound_connections \[=+\] 100% of 13 rows.*checking outbound_connections \[=+\] 100% of 26 rows/s,
    );
  });

  it('says which option is wrong, and never prints the password', async () => {
    await makeStore(1);
    const password = new URL(database.url).password;
    const from = `sqlite:${file()}`;
    const wrong: readonly (readonly [from: string, to: string, expected: RegExp])[] = [
      ['sqlite::memory:', database.url, /^--from must be sqlite:PATH/],
      [database.url, database.url, /^--from must be sqlite:PATH/],
      [`sqlite:${folder.path('missing.db')}`, database.url, /^There is no database at /],
      [from, from, /^--to must be a PostgreSQL database/],
      [from, `${database.url}?sslmode=prefer`, /^--to must have an sslmode/],
      [from, database.url.replace('127.0.0.1', 'db.invalid'), /db\.invalid, which has no address/],
    ];
    for (const [source, to, expected] of wrong) {
      const { code, stdout, stderr } = await command(['copy', '--from', source, '--to', to]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(expected);
      expect(stderr).not.toContain(password);
    }
  });

  it('does not change the file', async () => {
    await makeStore(2);
    const source = new BetterSqlite3(file(), { readonly: true });
    const before = source.pragma('data_version', { simple: true });
    await copy();
    expect(source.pragma('data_version', { simple: true })).toBe(before);
    source.close();
  });
});
