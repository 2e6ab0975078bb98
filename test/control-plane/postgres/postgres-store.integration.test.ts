import { Client } from 'pg';

import type { ChangeWrite, Store } from '../../../src/control-plane/store';
import { accountViewer, unrestrictedViewer } from '../../../src/proton/viewer';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import { controlPlaneOn, emptyTables, openTestStore } from '../../support/postgres-store';
import { openExplainer, PLAN_MODES, type SentStatement } from '../../support/postgres-plans';
import { account, ENVIRONMENT, MANAGEMENT, START, STRANGER } from '../../support/proton';
import { reader } from '../../support/reader';

const asking = (environmentName: string, environmentAccountId: string = ENVIRONMENT) => ({
  managementAccountId: MANAGEMENT,
  environmentAccountId,
  environmentName,
  clientToken: `token-${environmentName}`,
});

describeWithPostgres('The PostgreSQL store', () => {
  const database = usePostgres();
  const statements: string[] = [];
  let store: Store;

  beforeAll(async () => {
    store = await openTestStore(database.url, { trace: (statement) => statements.push(statement) });
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    await emptyTables(database);
    statements.length = 0;
  });

  /** Statements about the tables of writes; the feed's positions are given at any time. */
  const sent = (pattern: RegExp) =>
    statements.filter((text) => pattern.test(text) && !/feed|unsequenced\)/.test(text));

  it('commits writes that arrive together in one transaction, with one statement for each table', async () => {
    const { service } = controlPlaneOn(store);
    const session = service.session(accountViewer(ENVIRONMENT));
    const outcomes = await Promise.allSettled([
      session.createConnection(asking('a')),
      session.createConnection({ ...asking('a'), clientToken: null }),
      session.createConnection(asking('b')),
      session.createConnection(asking('a')),
      session.deleteConnection({ id: '00000000-0000-4000-8000-000000000000' }),
      session.createConnection({ ...asking('c'), environmentAccountId: MANAGEMENT }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
    ]);
    expect(sent(/^INSERT INTO connections /)).toHaveLength(1);
    expect(sent(/^INSERT INTO connection_events/)).toHaveLength(1);
    expect(sent(/^INSERT INTO client_tokens/)).toHaveLength(1);
    expect(sent(/FOR UPDATE$/)).toHaveLength(1);
    expect(await session.countConnections([{}])).toEqual([2]);
  });

  it('runs the writes of a group one by one when one of them breaks a rule of the database', async () => {
    const { service } = controlPlaneOn(store);
    const session = service.session(accountViewer(ENVIRONMENT));
    await database.query(
      "ALTER TABLE connections ADD CONSTRAINT sabotage CHECK (environment_name <> 'doomed')",
    );
    try {
      const [first, doomed, last] = await Promise.allSettled([
        session.createConnection(asking('first')),
        session.createConnection(asking('doomed')),
        session.createConnection(asking('last')),
      ]);
      expect([first.status, doomed.status, last.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(doomed).toMatchObject({ reason: { code: '23514' } });
    } finally {
      await database.query('ALTER TABLE connections DROP CONSTRAINT sabotage');
    }
    const left = async (table: string) => (await database.query(`SELECT 1 FROM ${table}`)).length;
    expect([await left('connections'), await left('connection_events'), await left('client_tokens')]).toEqual(
      [2, 2, 2],
    );
  });

  it('keeps what is wrong with a decision to its write', async () => {
    const { service } = controlPlaneOn(store);
    const session = service.session(accountViewer(ENVIRONMENT));
    const { id } = await session.createConnection(asking('a'));
    const bug = new Error('a bug');
    const change = { kind: 'change' as const, id, visibleTo: 'every' as const };
    const failing: ChangeWrite = {
      ...change,
      decide: () => {
        throw bug;
      },
    };
    const keeping: ChangeWrite = { ...change, decide: (connection) => ({ kind: 'keep', connection }) };
    const results = await store.write([failing, keeping]);
    expect(results).toMatchObject([{ failure: bug }, { connection: { id } }]);
  });

  it('refuses rows that break the rules of the decisions', async () => {
    const { service } = controlPlaneOn(store);
    const { id } = await service.session(accountViewer(ENVIRONMENT)).createConnection(asking('a'));
    const copy = (status: string, live: string) =>
      database.query(
        `INSERT INTO connections SELECT gen_random_uuid(), region, '${status}', environment_name, management_account_id,
           environment_account_id, role_arn, component_role_arn, codebuild_role_arn, requested_at, last_modified_at, tags, 1, ${live}
         FROM connections WHERE id = $1`,
        [id],
      );
    await expect(copy('PENDING', 'true')).rejects.toMatchObject({ code: '23505' });
    await expect(copy('LOST', 'NULL')).rejects.toMatchObject({ code: '23514' });
    await expect(copy('REJECTED', 'false')).rejects.toMatchObject({ code: '23514' });
    await copy('REJECTED', 'NULL');
  });

  it('counts the connections of an account again when others were written without the store', async () => {
    const { service } = controlPlaneOn(store, { quota: 3 });
    const session = service.session(accountViewer(ENVIRONMENT));
    const created = await session.createConnection(asking('a'));
    await session.createConnection(asking('b'));
    await session.createConnection(asking('c'));
    await expect(session.createConnection(asking('d'))).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    await session.deleteConnection(created);
    await session.createConnection(asking('d'));
    await expect(session.createConnection(asking('e'))).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    await database.query("DELETE FROM connections WHERE environment_name = 'b'");
    await session.createConnection(asking('e'));
    await expect(session.createConnection(asking('f'))).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
  });

  it('matches nothing with a NUL in a filter, or with a megabyte of text', async () => {
    const { service } = controlPlaneOn(store);
    const session = service.session(unrestrictedViewer('someone'));
    await session.createConnection(asking('a'));
    for (const value of ['a\0', '\0', 'a'.repeat(1_000_000)]) {
      for (const filter of [
        { environmentName: value },
        { region: value },
        { managementAccountId: value },
        { environmentAccountId: value },
      ]) {
        expect(await session.listConnections([{ filter }])).toMatchObject([{ items: [] }]);
        expect(await session.countConnections([{ filter }])).toEqual([0]);
      }
    }
    expect(await store.accessKeys.find('AKIA\0')).toBeUndefined();
  });

  it('writes an actor’s NUL as the replacement character', async () => {
    const { service } = controlPlaneOn(store);
    const session = service.session(unrestrictedViewer('some\0one'));
    const connection = await session.createConnection(asking('a'));
    const [history] = await session.listHistory([{ connection }]);
    expect(history).toMatchObject({ items: [{ actor: 'some\uFFFDone' }] });
  });

  it('sends the same statements for a connection that a viewer may not read as for one that does not exist', async () => {
    const { service } = controlPlaneOn(store);
    const { id } = await service.session(unrestrictedViewer('owner')).createConnection(asking('hidden'));
    const stranger = service.session(reader(STRANGER));
    async function everyRoad(id: string, name: string): Promise<readonly string[]> {
      statements.length = 0;
      await Promise.resolve(stranger.findConnections([{ id }]));
      await Promise.resolve(stranger.listConnections([{ filter: { environmentName: name } }]));
      await Promise.resolve(stranger.countConnections([{ filter: { environmentName: name } }]));
      for (const write of [
        () => stranger.acceptConnection({ id }),
        () => stranger.deleteConnection({ id }),
        () => stranger.untagConnection({ id, tagKeys: ['a'] }),
      ]) {
        await write().catch(() => undefined);
      }
      return sent(/^(?!BEGIN|COMMIT|ROLLBACK)/);
    }
    const forHidden = await everyRoad(id, 'hidden');
    expect(forHidden).toHaveLength(6);
    expect(await everyRoad('00000000-0000-4000-8000-000000000000', 'absent')).toEqual(forHidden);
  });

  it('reads no more for a viewer when an account that it may not read has thousands of connections', async () => {
    await database.query(
      `INSERT INTO connections
       SELECT gen_random_uuid(), 'us-east-1', 'REJECTED', 'e' || number, $1, $2, NULL, NULL, NULL, number, number, '[]', 1, NULL
       FROM generate_series(1, 5000) AS number`,
      [MANAGEMENT, ENVIRONMENT],
    );
    await database.query(
      `INSERT INTO connections
       SELECT gen_random_uuid(), 'us-east-1', 'REJECTED', 'f' || number, (500000000000 + number % 500)::text,
         (600000000000 + number % 400)::text, NULL, NULL, NULL, number, number, '[]', 1, NULL
       FROM generate_series(1, 20000) AS number`,
    );
    await database.query('VACUUM ANALYZE connections');
    const explainer = await openExplainer(database.url);
    const traced: SentStatement[] = [];
    const tracing = await openTestStore(database.url, {
      trace: (text, values) => traced.push({ text, values }),
    });
    const session = controlPlaneOn(tracing).service.session(reader(STRANGER, '444444444444'));
    const filters = [
      { environmentAccountId: ENVIRONMENT },
      { managementAccountId: MANAGEMENT },
      { environmentAccountId: ENVIRONMENT, statuses: ['REJECTED' as const] },
      { managementAccountId: MANAGEMENT, environmentName: 'e7' },
      { statuses: ['REJECTED' as const] },
      {},
    ];
    traced.length = 0;
    for (const filter of filters) {
      expect(await session.listConnections([{ filter }])).toMatchObject([{ items: [] }]);
      expect(await session.countConnections([{ filter }])).toEqual([0]);
    }
    const participation = { accountId: ENVIRONMENT, role: null };
    expect(await session.listConnections([{ participation }])).toMatchObject([{ items: [] }]);
    const reads = traced.filter(({ text }) => text.includes('FROM connections'));
    expect(reads.length).toBeGreaterThanOrEqual(2 * filters.length);
    const tooMuch: unknown[] = [];
    for (const statement of reads) {
      for (const mode of PLAN_MODES) {
        const { buffers, scans } = await explainer.run(statement, mode);
        if (buffers > 60) tooMuch.push({ buffers, mode, scans, text: statement.text });
      }
    }
    expect(tooMuch).toEqual([]);
    await explainer.close();
    await tracing.close();
  });

  it('does not make a stranger’s write wait for a connection that it may not read', async () => {
    const { service } = controlPlaneOn(store);
    const connection = await service.session(unrestrictedViewer('owner')).createConnection(asking('hidden'));
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const isHeld = holdRow(database.url, connection.id, held);
    await isHeld.locked;
    await expect(service.session(accountViewer(STRANGER)).acceptConnection(connection)).rejects.toMatchObject(
      {
        code: 'NOT_FOUND',
      },
    );
    release();
    await isHeld.ended;
  });

  it('finds client tokens again until they have expired, whatever else is written', async () => {
    const { service, clock } = controlPlaneOn(store);
    const session = service.session(accountViewer(ENVIRONMENT));
    const first = await session.createConnection(asking('a'));
    clock.advance(8 * 60 * 60 * 1000 - 1);
    expect((await session.createConnection(asking('a'))).id).toBe(first.id);
    clock.advance(1);
    await expect(session.createConnection(asking('a'))).rejects.toMatchObject({ code: 'CONFLICT' });
    const other = await session.createConnection({ ...asking('b'), clientToken: 'token-a' });
    expect((await session.createConnection({ ...asking('b'), clientToken: 'token-a' })).id).toBe(other.id);
  });

  it('counts connections by status', async () => {
    const session = controlPlaneOn(store).service.session(unrestrictedViewer('someone'));
    await session.acceptConnection(await session.createConnection(asking('a')));
    await session.createConnection(asking('b'));
    expect(await store.countByStatus()).toEqual({ PENDING: 1, CONNECTED: 1, REJECTED: 0 });
  });

  it('is healthy, and says how many sessions it has', async () => {
    expect(await store.health()).toEqual({ ok: true });
    const { size, idle, waiting } = store.pool?.() ?? { size: 0, idle: 0, waiting: 0 };
    expect(size).toBeGreaterThanOrEqual(1);
    expect(size).toBeLessThanOrEqual(8);
    expect(idle).toBeLessThanOrEqual(size);
    expect(waiting).toBe(0);
  });

  it('keeps access keys', async () => {
    const key = {
      id: 'AKIAEXAMPLE',
      accountId: account('222222222222'),
      encryptedSecret: Buffer.from([0, 1, 255]),
      createdAt: START,
      revokedAt: null,
    };
    await store.accessKeys.add(key);
    expect(await store.accessKeys.find(key.id)).toEqual(key);
    expect(await store.accessKeys.list()).toEqual([key]);
    expect(await store.accessKeys.revoke(key.id, START + 1)).toEqual({ ...key, revokedAt: START + 1 });
    expect(await store.accessKeys.revoke(key.id, START + 2)).toEqual({ ...key, revokedAt: START + 1 });
    expect(await store.accessKeys.revoke('AKIAABSENT', START)).toBeUndefined();
    expect(await store.accessKeys.readKeyCheck()).toBeUndefined();
    await store.accessKeys.writeKeyCheck(Buffer.from('one'));
    await store.accessKeys.writeKeyCheck(Buffer.from('two'));
    expect(await store.accessKeys.readKeyCheck()).toEqual(Buffer.from('two'));
  });
});

/** Locks a connection's row in a session of its own until `held` resolves. */
function holdRow(url: string, id: string, held: Promise<void>) {
  const client = new Client({ connectionString: url });
  const locked = (async () => {
    await client.connect();
    await client.query('BEGIN');
    await client.query('SELECT 1 FROM connections WHERE id = $1 FOR UPDATE', [id]);
  })();
  const ended = (async () => {
    await locked;
    await held;
    await client.query('COMMIT');
    await client.end();
  })();
  return { locked, ended };
}
