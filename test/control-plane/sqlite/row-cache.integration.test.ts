import { execFileSync } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import BetterSqlite3 from 'better-sqlite3';
import * as fc from 'fast-check';

import { ConnectionStatus, type ConnectionView } from '../../../src/proton/connection';
import { listsOf } from '../../../src/control-plane/sqlite/queries/lists';
import { prefixReads } from '../../../src/control-plane/sqlite/queries/prefix-reads';
import { rangeReads } from '../../../src/control-plane/sqlite/queries/range-reads';
import { rowCacheOn } from '../../../src/control-plane/sqlite/queries/row-cache';
import type { Steps } from '../../../src/control-plane/sqlite/queries/step-runner';
import { type ConnectionId, isRoleArn, type RoleArn } from '../../../src/proton/identifiers';
import { normalizeSelection } from '../../../src/proton/page';
import type { ProtonSession } from '../../../src/proton/proton-service';
import { accountViewer, unrestrictedViewer } from '../../../src/proton/viewer';
import { commandToEnd } from '../../cli/command';
import { useTemporaryFolder } from '../../support/folder';
import { makeConnections } from '../../support/many-connections';
import { createControlPlane, ENVIRONMENT, MANAGEMENT, STRANGER } from '../../support/proton';
import { PROJECT } from '../../support/server-process';

const folder = useTemporaryFolder();
const SOMEONE = unrestrictedViewer('someone');

const asking = (environmentName: string) => ({
  managementAccountId: MANAGEMENT,
  environmentAccountId: ENVIRONMENT,
  environmentName,
});

/** A control plane on a file, with some connections that have all been read. */
async function withRowsRead(names = ['a', 'b', 'c']) {
  const location = folder.path('proton.db');
  const statements: string[] = [];
  const plane = createControlPlane({ location, trace: (statement) => statements.push(statement) });
  const session = plane.service.session(SOMEONE);
  const created = await Promise.all(names.map((name) => session.createConnection(asking(name))));
  const ids = created.map(({ id }) => id);
  await find(session, ids);
  /** The number of statements with which a call took rows from the table. */
  const lookupsOf = async (call: () => unknown) => {
    statements.length = 0;
    await call();
    return statements.filter((statement) => /\btags FROM connections /.test(statement)).length;
  };
  return { ...plane, location, session, ids, lookupsOf };
}

async function find(session: ProtonSession, ids: readonly string[]) {
  const found = await session.findConnections(ids.map((id) => ({ id })));
  return found.map((connection) => {
    if (connection instanceof Error) throw connection;
    return connection;
  });
}

async function list(session: ProtonSession) {
  const [page] = await session.listConnections([{ first: 100 }]);
  if (page === undefined || page instanceof Error) throw new Error('no page', { cause: page });
  return page.items;
}

describe('A connection that was read', () => {
  it('is not taken from the table again, by its id or in a list that is read again', async () => {
    const { session, ids, store, lookupsOf } = await withRowsRead();
    expect(await lookupsOf(() => find(session, ids))).toBe(0);
    expect(await lookupsOf(() => list(session))).toBe(1);
    expect(await lookupsOf(() => list(session))).toBe(0);
    const [first] = await find(session, ids);
    expect((await list(session)).some((connection) => connection === first)).toBe(true);
    await store.close();
  });

  it('is taken again after its own change, and the others are not', async () => {
    const { session, ids, store, lookupsOf } = await withRowsRead();
    const [changed = '', ...others] = ids;
    const before = await find(session, ids);
    await session.acceptConnection({ id: changed });
    expect(await lookupsOf(() => find(session, others))).toBe(0);
    expect(before[0]).toMatchObject({ status: 'PENDING' });
    expect(await find(session, ids)).toMatchObject([{ status: 'CONNECTED' }, {}, {}]);
    await session.tagConnection({ id: changed, tags: [{ key: 'team', value: 'a' }] });
    expect((await list(session)).find(({ id }) => id === changed)?.tags).toEqual([
      { key: 'team', value: 'a' },
    ]);
    await session.deleteConnection({ id: changed });
    expect(await find(session, ids)).toMatchObject([undefined, {}, {}]);
    const { id } = await session.createConnection(asking('d'));
    expect((await list(session)).map((connection) => connection.id)).toContain(id);
    expect(await lookupsOf(() => find(session, others))).toBe(0);
    await store.close();
  });

  it('is as before after a change that was rolled back, alone or with its whole transaction', async () => {
    const { session, ids, store, location } = await withRowsRead();
    const [id = '', other = ''] = ids;
    const saboteur = new BetterSqlite3(location);
    for (const kind of ['ABORT', 'ROLLBACK']) {
      saboteur.exec(`CREATE TRIGGER sabotage BEFORE INSERT ON connection_events
        WHEN NEW.connection_id = '${id}' BEGIN SELECT RAISE(${kind}, 'sabotaged'); END`);
      await find(session, ids);
      const outcomes = await Promise.allSettled([
        session.updateConnection({ id: other, roleArn: `arn:aws:iam::${ENVIRONMENT}:role/${kind}` }),
        session.acceptConnection({ id }),
      ]);
      expect(outcomes[1].status).toBe('rejected');
      const isKept = outcomes[0].status === 'fulfilled';
      expect(isKept).toBe(kind === 'ABORT');
      expect(await find(session, ids)).toMatchObject([
        { status: 'PENDING' },
        { roleArn: `arn:aws:iam::${ENVIRONMENT}:role/ABORT` },
        {},
      ]);
      saboteur.exec('DROP TRIGGER sabotage');
    }
    saboteur.close();
    await store.close();
  });

  it('is hidden from a viewer who may not see it, no matter who has read it', async () => {
    const { service, ids, store } = await withRowsRead();
    expect(await find(service.session(accountViewer(STRANGER)), ids)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(await list(service.session(accountViewer(STRANGER)))).toEqual([]);
    expect(await find(service.session(accountViewer(MANAGEMENT)), ids)).toMatchObject([{}, {}, {}]);
    await store.close();
  });

  it('is read as another process has changed it', async () => {
    const { session, ids, store, location } = await withRowsRead();
    // From the second time on, a list takes rows from memory.
    await list(session);
    const [changed = '', deleted = '', same = ''] = ids;
    const script = `const database = new (require('better-sqlite3'))(process.argv[1]);
      database.exec(process.argv[2]);`;
    const run = (sql: string) =>
      execFileSync(process.execPath, ['-e', script, location, sql], { cwd: PROJECT });
    run(`UPDATE connections SET status = 'CONNECTED' WHERE id = '${changed}'`);
    expect(await find(session, ids)).toMatchObject([{ status: 'CONNECTED' }, {}, {}]);
    run(`DELETE FROM connections WHERE id = '${deleted}'`);
    expect((await list(session)).map(({ id }) => id).toSorted()).toEqual([changed, same].toSorted());
    run(`UPDATE connections SET tags = '[{"key":"a","value":"b"}]' WHERE id = '${same}'`);
    expect((await find(session, [same]))[0]?.tags).toEqual([{ key: 'a', value: 'b' }]);
    await store.close();
  });

  it('is read as the import command has completed it', async () => {
    const { session, ids, store, location } = await withRowsRead();
    const env = { DATABASE_URL: `sqlite:${location}` };
    const codebuildRoleArn = `arn:aws:iam::${ENVIRONMENT}:role/imported`;
    const exported = await commandToEnd(['export'], { env });
    const { environmentAccountConnections: [first] = [] } = JSON.parse(exported.stdout) as {
      environmentAccountConnections?: { id: string }[];
    };
    const file = JSON.stringify({ environmentAccountConnections: [{ ...first, codebuildRoleArn }] });
    expect(await commandToEnd(['import', '-'], { env, stdin: file })).toMatchObject({ code: 0 });
    const found = await find(session, ids);
    expect(found.filter((connection) => connection?.id === first?.id)).toMatchObject([{ codebuildRoleArn }]);
    await store.close();
  });

  it('is read as an import on the same connection to the file has completed it', async () => {
    const { session, ids, store } = await withRowsRead();
    const [found] = await find(session, ids);
    if (!found) throw new Error('nothing was found');
    const codebuildRoleArn = roleArn('imported');
    const importing = await store.imports.begin();
    const connection: ConnectionView = { ...found, codebuildRoleArn };
    await importing.add([{ kind: 'connection', location: { record: 1 }, connection }]);
    // The staged records are in a transaction that is open.
    expect(await find(session, [found.id])).toMatchObject([{ codebuildRoleArn: null }]);
    expect(await importing.settle('write')).toMatchObject({ written: true, counts: { completed: 1 } });
    await importing.close();
    // A write of other rows hides nothing of what the import has changed.
    await session.createConnection(asking('d'));
    expect(await find(session, [found.id])).toMatchObject([{ codebuildRoleArn }]);
    await store.close();
  });

  it('is read from a backup that has replaced the file', async () => {
    const { session, ids, store, location } = await withRowsRead();
    const [id = ''] = ids;
    const reader = new BetterSqlite3(location);
    await reader.backup(folder.path('backup.db'));
    reader.close();
    await session.acceptConnection({ id });
    expect(await find(session, [id])).toMatchObject([{ status: 'CONNECTED' }]);
    renameSync(folder.path('backup.db'), location);
    for (const end of ['-wal', '-shm']) rmSync(location + end);
    while (!(await store.health()).ok) await delay(20);
    expect(await find(session, [id])).toMatchObject([{ status: 'PENDING' }]);
    await store.close();
  });

  it('is what the table holds, with writes of several connections to the file in any order', async () => {
    const index = fc.nat({ max: 5 });
    const steps = fc.array(
      fc.tuple(
        fc.constantFrom('find', 'list', 'accept', 'tag', 'delete', 'create', 'otherStore', 'sql'),
        index,
      ),
      { minLength: 5, maxLength: 40 },
    );
    let round = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (steps) => {
        const location = folder.path(`random-${String((round += 1))}.db`);
        const [one, two] = [createControlPlane({ location }), createControlPlane({ location })];
        const [session, other] = [one, two].map(({ service }) => service.session(SOMEONE));
        if (!session || !other) throw new Error('no session');
        const direct = new BetterSqlite3(location);
        const table = direct.prepare('SELECT id, status, tags FROM connections ORDER BY id');
        const ids: string[] = [];
        const create = async (by: ProtonSession, name: string) => {
          ids.push((await by.createConnection(asking(name))).id);
        };
        for (let made = 0; made < 6; made += 1) await create(session, `first-${String(made)}`);
        for (const [step, at] of steps) {
          const id = ids[at] ?? '';
          const name = `e${String(ids.length)}`;
          if (step === 'find') await find(session, [id]);
          else if (step === 'list') await list(session);
          else if (step === 'accept') await session.acceptConnection({ id }).catch(ignore);
          else if (step === 'tag')
            await session.tagConnection({ id, tags: [{ key: 'a', value: name }] }).catch(ignore);
          else if (step === 'delete') await session.deleteConnection({ id });
          else if (step === 'create') await create(session, name);
          else if (step === 'otherStore') await other.rejectConnection({ id }).catch(ignore);
          else direct.prepare("UPDATE connections SET status = 'REJECTED' WHERE id = ?").run(id);
          const rows = table.all();
          const inTable = (found: readonly (ConnectionView | undefined)[]) =>
            found
              .flatMap((row) =>
                row ? [{ id: row.id, status: row.status, tags: JSON.stringify(row.tags) }] : [],
              )
              .toSorted((a, b) => (a.id < b.id ? -1 : 1));
          expect(inTable(await find(session, ids))).toEqual(rows);
          expect(inTable(await list(session))).toEqual(rows);
        }
        direct.close();
        await one.store.close();
        await two.store.close();
      }),
      { numRuns: 15 },
    );
  });

  it('is right, however many were read since; at most 8,000 are kept, or fewer long ones, and one that is read often', async () => {
    const location = folder.path('many.db');
    await makeConnections(location, 30_000);
    let lookups = 0;
    const trace = (statement: string) => {
      if (statement.includes(' FROM connections WHERE id ')) lookups += 1;
    };
    const { service, store } = createControlPlane({ location, trace });
    const session = service.session(SOMEONE);
    const isKept = async (id = '') => {
      lookups = 0;
      await find(session, [id]);
      return lookups === 0;
    };
    const direct = new BetterSqlite3(location);
    const rows = direct
      .prepare<[], [string, string]>('SELECT id, environment_name FROM connections ORDER BY id')
      .raw()
      .all();
    const ids = rows.map(([id]) => id);
    for (let start = 0; start < 2 * rows.length; start += 1_000) {
      const at = start % rows.length;
      const found = await find(session, ids.slice(at, at + 1_000));
      expect(found.map((row) => [row?.id, row?.environmentName])).toEqual(rows.slice(at, at + 1_000));
      const early = ids[at - 9_000];
      if (early === undefined) continue;
      await session.tagConnection({ id: early, tags: [{ key: 'start', value: String(start) }] });
      expect((await find(session, [early]))[0]?.tags).toEqual([{ key: 'start', value: String(start) }]);
    }
    // Looking for a connection keeps it at most itself, so that none is counted that was not kept before.
    const countKept = async (among: readonly string[]) => {
      let kept = 0;
      for (const id of among) if (await isKept(id)) kept += 1;
      return kept;
    };
    const kept = await countKept(ids);
    expect(kept).toBeGreaterThan(2_500);
    expect(kept).toBeLessThanOrEqual(8_000);
    // Each time with seven others that are not read again. It is not kept after 100 times once in 600,000 runs.
    for (let read = 0; read < 100; read += 1)
      for (const id of [ids[0] ?? '', ...ids.slice(1 + 7 * read, 8 + 7 * read)]) await find(session, [id]);
    expect(await isKept(ids[0])).toBe(true);

    const long = Array.from({ length: 50 }, (_, key) => ({ key: String(key), value: 'x'.repeat(256) }));
    direct.prepare('UPDATE connections SET tags = ? WHERE id < ?').run(JSON.stringify(long), ids[2_000]);
    direct.close();
    for (let start = 0; start < 2_000; start += 100) await find(session, ids.slice(start, start + 100));
    // The last ones first: looking for those that are not kept makes others leave.
    const keptLong = await countKept(ids.slice(0, 2_000).toReversed());
    expect(keptLong).toBeGreaterThan(10);
    expect(keptLong).toBeLessThanOrEqual(200);
    await store.close();
  });
});

describe('A list that was read', () => {
  it('is not read a third time until a connection changes, by a viewer of every account; other viewers could tell from the time', async () => {
    const location = folder.path('lists.db');
    let walks = 0;
    const trace = (statement: string) => {
      if (statement.includes(' FROM connections INDEXED BY ')) walks += 1;
    };
    const { service, store } = createControlPlane({ location, trace });
    const session = service.session(SOMEONE);
    const other = createControlPlane({ location });
    const { id } = await session.createConnection(asking('a'));
    const isKept = async (reader: ProtonSession) => {
      walks = 0;
      await list(reader);
      return walks === 0;
    };
    const changes = [
      () => session.createConnection(asking('b')),
      () => session.acceptConnection({ id }),
      () => other.service.session(SOMEONE).tagConnection({ id, tags: [{ key: 'team', value: 'a' }] }),
      () => session.deleteConnection({ id }),
    ];
    const limited = [accountViewer(ENVIRONMENT), accountViewer(STRANGER)].map((viewer) =>
      service.session(viewer),
    );
    let isFirst = true;
    for (const change of changes) {
      await change();
      const isKeptInTurn = async (reader: ProtonSession) => [
        await isKept(reader),
        await isKept(reader),
        await isKept(reader),
      ];
      // A list is kept when it is read for the second time, before the change or after it.
      expect(await isKeptInTurn(session)).toEqual([false, !isFirst, true]);
      isFirst = false;
      for (const reader of limited) expect(await isKeptInTurn(reader)).toEqual([false, false, false]);
    }
    await session.listConnections([{ first: 1 }]);
    expect(await list(session)).toHaveLength(1);
    await other.store.close();
    await store.close();
  });

  it('stays while other pages are read once, and is dropped after 50 others that are read again', async () => {
    let walks = 0;
    const trace = (statement: string) => {
      if (statement.includes(' FROM connections INDEXED BY ')) walks += 1;
    };
    const { service, store } = createControlPlane({ location: folder.path('pages.db'), trace });
    const session = service.session(SOMEONE);
    await session.createConnection(asking('a'));
    const isKept = async (first: number) => {
      walks = 0;
      await session.listConnections([{ first }]);
      return walks === 0;
    };
    expect([await isKept(100), await isKept(100), await isKept(100)]).toEqual([false, false, true]);
    for (let first = 1; first <= 60; first += 1) expect(await isKept(first)).toBe(false);
    expect(await isKept(100)).toBe(true);
    for (let first = 1; first <= 50; first += 1) expect(await isKept(first)).toBe(false);
    expect(await isKept(50)).toBe(true);
    expect(await isKept(1)).toBe(true);
    // It is kept again at once. The one that was not used for longest makes room: the second, because the first was just used.
    expect([await isKept(100), await isKept(100)]).toEqual([false, true]);
    expect([await isKept(3), await isKept(2), await isKept(4)]).toEqual([true, false, false]);
    await store.close();
  });

  it('is remembered as long as it is used, however many others are read once', async () => {
    let walks: string[] = [];
    const trace = (statement: string) => {
      if (statement.includes(' FROM connections INDEXED BY ')) walks.push(statement);
    };
    const { service, store } = createControlPlane({ location: folder.path('remembered.db'), trace });
    const session = service.session(SOMEONE);
    await session.createConnection(asking('a'));
    const walked = async (environmentName: string) => {
      walks = [];
      await session.listConnections([{ filter: { environmentName } }]);
      return walks.map((walk) => (walk.startsWith('SELECT id FROM') ? 'ids' : 'rows'));
    };
    expect([await walked('hot'), await walked('hot'), await walked('hot')]).toEqual([['rows'], ['ids'], []]);
    for (let other = 0; other < 2_500; other += 1) {
      expect(await walked(`other-${String(other)}`)).toEqual(['rows']);
      if (other % 500 === 0) await walked('hot');
    }
    await session.createConnection(asking('b'));
    expect([await walked('hot'), await walked('hot')]).toEqual([['ids'], []]);
    expect(await walked('other-0')).toEqual(['rows']);
    expect(await walked('other-2499')).toEqual(['ids']);
    await store.close();
  });

  it('is read again if a connection changed between two steps that read it', async () => {
    const location = folder.path('changing.db');
    await makeConnections(location, 5_000);
    const database = new BetterSqlite3(location);
    const rows = rowCacheOn(database);
    const readLists = listsOf({ inOrder: rangeReads(database), byName: prefixReads(database) }, rows);
    // No connection is both, so all that have one of them are visited.
    const selection = normalizeSelection({
      filter: { statuses: [ConnectionStatus.CONNECTED], region: 'eu-central-1' },
    });
    const query = { selection, visibleTo: 'every', after: undefined, limit: 101 } as const;
    // The second list would be kept.
    expect(endOf(readLists([query]))).toEqual([[]]);
    const reading = readLists([query]);
    // The first step of each index has visited the newest rows.
    expect([reading.next().done, reading.next().done]).toEqual([false, false]);
    const newest = database
      .prepare<[], string>(
        "SELECT id FROM connections WHERE region = 'eu-central-1' ORDER BY requested_at DESC, id DESC LIMIT 1",
      )
      .pluck()
      .get();
    const id = newest as ConnectionId;
    database.prepare("UPDATE connections SET status = 'CONNECTED' WHERE id = ?").run(id);
    rows.forget(id);
    expect(endOf(reading)).toEqual([[]]);
    expect(endOf(readLists([query]))).toMatchObject([[{ id }]]);
    database.close();
  });
});

/** Runs all steps. @returns their result */
function endOf<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

function ignore(): void {
  // A change may be refused; then it changes nothing.
}

function roleArn(name: string): RoleArn {
  const arn = `arn:aws:iam::${ENVIRONMENT}:role/${name}`;
  if (!isRoleArn(arn)) throw new Error(arn);
  return arn;
}
