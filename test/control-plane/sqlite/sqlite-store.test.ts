import { statSync } from 'node:fs';

import BetterSqlite3 from 'better-sqlite3';

import type { Connection } from '../../../src/proton/connection';
import { ProtonFailure } from '../../../src/proton/failure';
import type { ProtonSession } from '../../../src/proton/proton-service';
import { accountViewer, unrestrictedViewer } from '../../../src/proton/viewer';
import { plainConnection } from '../../support/completing-session';
import { useTemporaryFolder } from '../../support/folder';
import { createControlPlane, ENVIRONMENT, MANAGEMENT, START } from '../../support/proton';

const folder = useTemporaryFolder();

const asking = (environmentName: string) => ({
  managementAccountId: MANAGEMENT,
  environmentAccountId: ENVIRONMENT,
  environmentName,
  clientToken: `token-${environmentName}`,
});

function everything(session: ProtonSession) {
  return session.listConnections([{ first: 100 }]);
}

async function find(session: ProtonSession, id: string) {
  const [found] = await session.findConnections([{ id }]);
  return found instanceof Error ? found : found && plainConnection(found);
}

describe('The SQLite store', () => {
  it('has the same content after a restart', async () => {
    const location = folder.path('proton.db');
    const before = createControlPlane({ location });
    const session = before.service.session(unrestrictedViewer('someone'));
    const created = await session.createConnection({
      ...asking('a'),
      tags: [{ key: 'größe', value: '東京 𠮷' }],
    });
    const accepted = await session.acceptConnection(created);
    await before.store.close();

    const after = createControlPlane({ location });
    const again = after.service.session(unrestrictedViewer('someone'));
    expect(await find(again, created.id)).toEqual(accepted);
    const [history] = await again.listHistory([{ connection: accepted }]);
    expect(history).toMatchObject({ items: [{ type: 'ACCEPTED' }, { type: 'CREATED' }] });
    expect((await again.createConnection({ ...asking('a'), tags: [...created.tags] })).id).toBe(created.id);
    await after.store.close();
  });

  it('commits writes that arrive together in one transaction, and returns one result for each', async () => {
    const statements: string[] = [];
    const { service, store } = createControlPlane({ trace: (statement) => statements.push(statement) });
    const session = service.session(accountViewer(ENVIRONMENT));
    statements.length = 0;
    const outcomes = await Promise.allSettled([
      session.createConnection(asking('a')),
      session.createConnection({ ...asking('a'), clientToken: null }),
      session.createConnection(asking('b')),
      session.deleteConnection({ id: '00000000-0000-4000-8000-000000000000' }),
      session.createConnection({ ...asking('c'), environmentAccountId: MANAGEMENT }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'rejected',
    ]);
    expect(statements.filter((statement) => statement === 'BEGIN IMMEDIATE')).toHaveLength(1);
    expect(statements.filter((statement) => statement === 'COMMIT')).toHaveLength(1);
    await store.close();
  });

  it('runs writes that arrive together one after another', async () => {
    const { service, store } = createControlPlane();
    const session = service.session(accountViewer(ENVIRONMENT));
    const names = Array.from({ length: 10 }, (_, index) => `e${String(index)}`);
    await Promise.all(
      names.flatMap((name): Promise<unknown>[] => [
        session.createConnection(asking(name)),
        store.accessKeys.add({
          id: name,
          accountId: ENVIRONMENT,
          encryptedSecret: Buffer.from('encrypted'),
          createdAt: START,
          revokedAt: null,
        }),
      ]),
    );
    expect(await store.accessKeys.list()).toHaveLength(10);
    expect(await session.countConnections([{}])).toEqual([10]);
    await store.close();
  });

  it('rolls back a write that fails half way, and none of the others', async () => {
    const location = folder.path('proton.db');
    const { service, store } = createControlPlane({ location });
    const session = service.session(accountViewer(ENVIRONMENT));
    // A write's last statement inserts its event. It fails here for one environment.
    const saboteur = new BetterSqlite3(location);
    saboteur.exec(`CREATE TRIGGER sabotage BEFORE INSERT ON connection_events
      WHEN (SELECT environment_name FROM connections WHERE id = NEW.connection_id) = 'doomed'
      BEGIN SELECT RAISE(ABORT, 'sabotaged'); END`);
    const [first, doomed, last] = await Promise.allSettled([
      session.createConnection(asking('first')),
      session.createConnection(asking('doomed')),
      session.createConnection(asking('last')),
    ]);
    expect([first.status, doomed.status, last.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const left = (table: string) => saboteur.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
    expect([left('connections'), left('connection_events'), left('client_tokens')]).toEqual([2, 2, 2]);
    saboteur.exec('DROP TRIGGER sabotage');
    await session.createConnection(asking('doomed'));
    saboteur.close();
    await store.close();
  });

  it('waits for another process that holds the lock, and serves reads meanwhile', async () => {
    const location = folder.path('proton.db');
    const { service, store } = createControlPlane({ location });
    const session = service.session(accountViewer(ENVIRONMENT));
    const created = await session.createConnection(asking('a'));
    const other = new BetterSqlite3(location);
    other.exec('BEGIN IMMEDIATE');
    let answered = false;
    const write = session.createConnection(asking('b')).finally(() => {
      answered = true;
    });
    expect(await find(session, created.id)).toEqual(created);
    expect(answered).toBe(false);
    other.exec('ROLLBACK');
    expect((await write).environmentName).toBe('b');
    other.close();
    await store.close();
  });

  it('fails with UNAVAILABLE and changes nothing when the lock is held too long, and recovers', async () => {
    const location = folder.path('proton.db');
    const { service, store } = createControlPlane({ location, lockTimeoutMs: 50 });
    const session = service.session(accountViewer(ENVIRONMENT));
    const other = new BetterSqlite3(location);
    other.exec('BEGIN IMMEDIATE');
    const outcomes = await Promise.allSettled([
      session.createConnection(asking('a')),
      session.createConnection(asking('b')),
    ]);
    expect(outcomes).toMatchObject([
      { status: 'rejected', reason: { code: 'UNAVAILABLE', retryable: true } },
      { status: 'rejected', reason: { code: 'UNAVAILABLE', retryable: true } },
    ]);
    other.exec('ROLLBACK');
    expect(await session.countConnections([{}])).toEqual([0]);
    await session.createConnection(asking('a'));
    expect(await session.countConnections([{}])).toEqual([1]);
    other.close();
    await store.close();
  });

  it('acknowledges no write of a batch when SQLite rolls the transaction back, and recovers', async () => {
    const location = folder.path('proton.db');
    const { service, store } = createControlPlane({ location });
    const session = service.session(accountViewer(ENVIRONMENT));
    const first = await session.createConnection(asking('first'));
    const other = new BetterSqlite3(location);
    // As on a full disk: the transaction ends when the second of three writes inserts its event.
    const ending = `CREATE TRIGGER ending BEFORE INSERT ON connection_events
      WHEN (SELECT environment_name FROM connections WHERE id = NEW.connection_id) = 'b'
      BEGIN SELECT RAISE(ROLLBACK, 'ended'); END`;
    other.exec(ending);
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'c'].map((name) => session.createConnection(asking(name))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await session.listConnections([{}])).toMatchObject([{ items: [{ id: first.id }] }]);
    other.exec('DROP TRIGGER ending');
    await Promise.all(['a', 'b', 'c'].map((name) => session.createConnection(asking(name))));
    expect(await session.countConnections([{}])).toEqual([4]);
    other.close();
    await store.close();
  });

  it('rolls back after an error of the store, so that no transaction stays open', async () => {
    const { service, store } = createControlPlane();
    const session = service.session(accountViewer(ENVIRONMENT));
    const { id } = await session.createConnection(asking('a'));
    // An error of the disk after which SQLite leaves the transaction open.
    const failure = Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_WRITE' });
    const failing = {
      kind: 'change' as const,
      id,
      visibleTo: 'every' as const,
      decide: () => {
        throw failure;
      },
    };
    await expect(store.write([failing])).rejects.toMatchObject({ code: 'UNAVAILABLE', cause: failure });
    await session.createConnection(asking('b'));
    expect(await session.countConnections([{}])).toEqual([2]);
    await store.close();
  });

  it('reads a page along an index, without sorting or scanning', async () => {
    const plans: string[] = [];
    const location = folder.path('proton.db');
    const reader = { database: undefined as BetterSqlite3.Database | undefined };
    const { service, store } = createControlPlane({
      location,
      trace: (statement) => {
        if (!/^select/i.test(statement) || !reader.database) return;
        const rows = reader.database.prepare(`EXPLAIN QUERY PLAN ${statement}`).all() as { detail: string }[];
        plans.push(...rows.map(({ detail }) => detail));
      },
    });
    const session = service.session(unrestrictedViewer('someone'));
    const created = await session.createConnection(asking('a'));
    reader.database = new BetterSqlite3(location);
    const participation = { accountId: ENVIRONMENT, role: 'ENVIRONMENT_ACCOUNT' } as const;
    await session.listConnections([
      {},
      { participation },
      { participation: { ...participation, role: 'MANAGEMENT_ACCOUNT' }, filter: { region: 'us-east-1' } },
      { filter: { statuses: ['PENDING'] } },
      { filter: { environmentName: 'a' } },
    ]);
    await session.listHistory([{ connection: created }]);
    await session.findConnections([{ id: created.id }]);
    expect(plans.length).toBeGreaterThan(6);
    expect(plans.filter((step) => step.includes('TEMP B-TREE') || step === 'SCAN connections')).toEqual([]);

    // The union of two pages is sorted; each reads one page at most. The first time it reads rows, the second time their ids.
    for (const search of ['USING INDEX', 'USING COVERING INDEX']) {
      plans.length = 0;
      await session.listConnections([{ participation: { ...participation, role: null } }]);
      const walks = plans.filter((step) =>
        new RegExp(`${search} connections_by_(management|environment)_account`).test(step),
      );
      expect(walks).toHaveLength(2);
    }
    reader.database.close();
    await store.close();
  });

  it('counts only when a client selects the count', async () => {
    const statements: string[] = [];
    const { service, store } = createControlPlane({ trace: (statement) => statements.push(statement) });
    const session = service.session(unrestrictedViewer('someone'));
    statements.length = 0;
    await everything(session);
    expect(statements.filter((statement) => statement.includes('count('))).toEqual([]);
    await session.countConnections([{}]);
    expect(statements.filter((statement) => statement.includes('count('))).toHaveLength(1);
    await store.close();
  });

  it('never decreases `lastModifiedAt`, even when the clock is set back', async () => {
    const { service, store, clock } = createControlPlane();
    const session = service.session(unrestrictedViewer('someone'));
    const created = await session.createConnection(asking('a'));
    clock.advance(-60_000);
    expect(await session.acceptConnection(created)).toMatchObject({
      requestedAt: START,
      lastModifiedAt: START,
    });
    await session.tagConnection({ id: created.id, tags: [{ key: 'a', value: 'b' }] });
    await session.deleteConnection(created);
    const [history] = await session.listHistory([{ connection: created }]);
    expect(history).toMatchObject({
      items: ['DELETED', 'TAGGED', 'ACCEPTED', 'CREATED'].map((type) => ({ type, occurredAt: START })),
    });
    await store.close();
  });

  it('deletes expired client tokens when new ones are added', async () => {
    const location = folder.path('proton.db');
    const { service, store, clock } = createControlPlane({ location });
    const session = service.session(accountViewer(ENVIRONMENT));
    for (const name of ['a', 'b', 'c']) await session.createConnection(asking(name));
    clock.advance(8 * 60 * 60 * 1000);
    await session.createConnection(asking('d'));
    const tokens = new BetterSqlite3(location).prepare('SELECT token FROM client_tokens').pluck().all();
    expect(tokens).toEqual(['token-d']);
    await store.close();
  });

  it('accepts an expired token again, though many others have expired before it', async () => {
    const { service, store, clock } = createControlPlane();
    const session = service.session(accountViewer(ENVIRONMENT));
    const names = Array.from({ length: 40 }, (_, index) => `e${String(index)}`);
    for (const name of names) {
      clock.advance(1);
      await session.createConnection(asking(name));
    }
    clock.advance(8 * 60 * 60 * 1000);
    const anew = { ...asking('anew'), clientToken: 'token-e39' };
    const first = await session.createConnection(anew);
    expect((await session.createConnection(anew)).id).toBe(first.id);
    await store.close();
  });

  it('refuses a row that breaks the rules of the decisions', async () => {
    const location = folder.path('proton.db');
    const { service, store } = createControlPlane({ location });
    const session = service.session(accountViewer(ENVIRONMENT));
    const { id } = await session.createConnection(asking('a'));
    const database = new BetterSqlite3(location);
    const copy =
      database.prepare(`INSERT INTO connections SELECT ?, region, ?, environment_name, management_account_id,
      environment_account_id, role_arn, component_role_arn, codebuild_role_arn, requested_at, last_modified_at, tags
      FROM connections WHERE id = ?`);
    expect(() => copy.run('twin', 'PENDING', id)).toThrow('UNIQUE constraint failed');
    expect(() => copy.run('strange', 'LOST', id)).toThrow('CHECK constraint failed');
    expect(() => copy.run('rejected', 'REJECTED', id)).not.toThrow();
    database.close();
    await store.close();
  });
});

describe('The log of the SQLite store', () => {
  it('stays below 17 MB while there are writes, and is cut to 32 MiB after it had to grow', async () => {
    const location = folder.path('proton.db');
    const { service, store } = createControlPlane({ location });
    const session = service.session(accountViewer(ENVIRONMENT));
    const size = () => statSync(`${location}-wal`).size;
    let largest = 0;
    for (let index = 0; index < 600; index += 1) {
      await session.createConnection(asking(`e${String(index)}`));
      largest = Math.max(largest, size());
    }
    expect(largest).toBeLessThan(17e6);

    const other = new BetterSqlite3(location);
    other.exec('CREATE TABLE large (content); INSERT INTO large VALUES (zeroblob(60000000))');
    expect(size()).toBeGreaterThan(60e6);
    await session.createConnection(asking('after'));
    expect(size()).toBeLessThanOrEqual(32 * 1024 * 1024);
    other.close();
    await store.close();
  });
});

describe('A ProtonFailure', () => {
  it('can be retried exactly when the call may succeed later', () => {
    const cause = new Error('the disk is full');
    expect(ProtonFailure.unavailable('Try again later.', cause)).toMatchObject({ retryable: true, cause });
    const connection: Pick<Connection, 'id'> = { id: 'x' as Connection['id'] };
    for (const failure of [
      ProtonFailure.notFound(connection.id),
      ProtonFailure.conflict(''),
      ProtonFailure.accessDenied(''),
      ProtonFailure.quotaExceeded(''),
      ProtonFailure.invalid([{ path: ['id'], message: 'must be an id' }]),
    ]) {
      expect(failure.retryable).toBe(false);
    }
  });
});
