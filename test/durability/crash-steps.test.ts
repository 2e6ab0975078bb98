import { copyFileSync, existsSync, readdirSync } from 'node:fs';

import BetterSqlite3 from 'better-sqlite3';

import type { ImportRecord } from '../../src/control-plane/import/import-store';
import { MIGRATIONS } from '../../src/control-plane/sqlite/migrations';
import { openDatabase } from '../../src/control-plane/sqlite/file/open-database';
import { createDatabaseFile } from '../../src/control-plane/sqlite/file/create-database';
import type { ProtonSession } from '../../src/proton/proton-service';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { useTemporaryFolder } from '../support/folder';
import { createControlPlane, ENVIRONMENT, MANAGEMENT, region } from '../support/proton';
import { faultsIn } from '../support/written';

const folder = useTemporaryFolder();

const asking = (environmentName: string) => ({
  managementAccountId: MANAGEMENT,
  environmentAccountId: ENVIRONMENT,
  environmentName,
  clientToken: `token-${environmentName}`,
});

/**
 * A kill leaves the files as they are at that moment. So a copy of the files, taken before each statement that SQLite runs, is what a
 * kill at that statement would leave. Other tests in this folder kill real processes.
 */
function photographer(location: string) {
  const taken: string[] = [];
  let armed = false;
  return {
    taken,
    arm: () => {
      armed = true;
    },
    trace: () => {
      if (!armed) return;
      const copy = folder.path(`moment-${String(taken.length)}.db`);
      for (const end of ['', '-wal'])
        if (existsSync(location + end)) copyFileSync(location + end, copy + end);
      taken.push(copy);
    },
  };
}

/** The rows without ids and times. */
function rowsIn(location: string): string {
  const database = new BetterSqlite3(location);
  expect(faultsIn(database)).toEqual([]);
  const rows = ['connections', 'client_tokens', 'connection_events'].map((table) =>
    database.prepare(`SELECT * FROM ${table}`).all(),
  );
  database.close();
  return JSON.stringify(rows);
}

const WRITES: Readonly<
  Record<string, (session: ProtonSession, fixture: { readonly id: string }) => Promise<unknown>>
> = {
  create: (session) => session.createConnection(asking('new')),
  update: (session, { id }) =>
    session.updateConnection({ id, roleArn: `arn:aws:iam::${ENVIRONMENT}:role/other` }),
  accept: (session, fixture) => session.acceptConnection(fixture),
  reject: (session, fixture) => session.rejectConnection(fixture),
  tag: (session, { id }) => session.tagConnection({ id, tags: [{ key: 'new', value: 'tag' }] }),
  untag: (session, { id }) => session.untagConnection({ id, tagKeys: ['fixed'] }),
  delete: (session, fixture) => session.deleteConnection(fixture),
  'several writes in one commit': (session, fixture) =>
    Promise.all([
      session.createConnection(asking('a')),
      session.acceptConnection(fixture),
      session.createConnection(asking('b')),
      session.tagConnection({ id: fixture.id, tags: [{ key: 'new', value: 'tag' }] }),
    ]),
};

describe('A kill at any step', () => {
  it.each(Object.entries(WRITES))('of %s leaves all of it or nothing', async (_what, write) => {
    const location = folder.path('proton.db');
    const { taken, arm, trace } = photographer(location);
    const { service, store } = createControlPlane({ location, trace });
    const session = service.session(unrestrictedViewer('someone'));
    const roleArn = `arn:aws:iam::${ENVIRONMENT}:role/one`;
    const tags = [{ key: 'fixed', value: 'tag' }];
    const fixture = await session.createConnection({ ...asking('fixture'), roleArn, tags });
    await session.tagConnection({ id: fixture.id, tags: [{ key: 'fixed', value: 'again' }] });
    const before = rowsIn(location);
    arm();
    await write(session, fixture);
    trace();
    const after = rowsIn(location);
    const found = taken.map(rowsIn);
    await store.close();
    expect(after).not.toBe(before);
    // Before its commit the copies have nothing of the write, and after it all of it.
    expect(found.length).toBeGreaterThan(5);
    expect(found.slice(0, -1).filter((rows) => rows !== before)).toEqual([]);
    expect(found.at(-1)).toBe(after);
  });

  it('of a create lets a retry with the same token create it once', async () => {
    const location = folder.path('proton.db');
    const { taken, arm, trace } = photographer(location);
    const { service, store } = createControlPlane({ location, trace });
    arm();
    const { id } = await service.session(unrestrictedViewer('someone')).createConnection(asking('a'));
    trace();
    await store.close();
    const answers = [];
    for (const [moment, found] of taken.entries()) {
      const after = createControlPlane({ location: found });
      const session = after.service.session(unrestrictedViewer('someone'));
      const again = await session.createConnection(asking('a'));
      expect((await session.createConnection(asking('a'))).id).toBe(again.id);
      expect(await session.countConnections([{}])).toEqual([1]);
      if (moment === taken.length - 1) answers.push(again.id);
      await after.store.close();
    }
    expect(answers).toEqual([id]);
  });

  it('of a migration leaves a file that the next start migrates, with all its rows', () => {
    const location = folder.path('proton.db');
    const older = new BetterSqlite3(location);
    older.exec(
      `PRAGMA journal_mode = WAL; ${MIGRATIONS[0] ?? ''}; PRAGMA application_id = 0x7072746e; PRAGMA user_version = 1`,
    );
    older.exec(`INSERT INTO connections
      VALUES ('an-id', 'us-east-1', 'PENDING', 'a', '1', '2', NULL, NULL, NULL, 1, 1, '[]')`);
    older.close();
    const { taken, arm, trace } = photographer(location);
    arm();
    openDatabase(location, { trace }).close();
    expect(taken.length).toBeGreaterThan(5);
    for (const found of taken) {
      const database = openDatabase(found);
      expect(database.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length);
      expect(database.prepare('SELECT id FROM connections').pluck().all()).toEqual(['an-id']);
      expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
      database.close();
    }
  });

  it('of an import’s commit leaves all of the file or nothing', async () => {
    const location = folder.path('proton.db');
    const { taken, arm, trace } = photographer(location);
    const { store } = createControlPlane({ location, trace });
    const importing = await store.imports.begin();
    await importing.add(Array.from({ length: 20 }, (_, index) => declarationRecord(index + 1)));
    arm();
    await importing.settle('write');
    trace();
    await importing.close();
    await store.close();
    const counts = taken.map((found) => {
      const database = new BetterSqlite3(found);
      expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
      const count = (table: string) => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
      const both = [count('connections'), count('connection_events')];
      database.close();
      return both;
    });
    expect(counts.length).toBeGreaterThan(5);
    const whole = counts.findIndex(([connections]) => connections === 20);
    expect(counts.slice(0, whole).every((both) => both.join() === '0,0')).toBe(true);
    expect(counts.slice(whole).every((both) => both.join() === '20,20')).toBe(true);
    expect(whole).toBeGreaterThan(5);
  });

  it('of creating a database leaves no incomplete file under its name', () => {
    const location = folder.path('new.db');
    let steps = 0;
    createDatabaseFile(location, (path) => {
      const database = new BetterSqlite3(path, {
        verbose: () => {
          steps += 1;
          expect(existsSync(location)).toBe(false);
        },
      });
      for (const step of MIGRATIONS) database.exec(step);
      database.close();
    });
    expect(steps).toBeGreaterThan(5);
    expect(readdirSync(folder.path('.'))).toEqual(['new.db']);
  });
});

function declarationRecord(record: number): ImportRecord {
  return {
    kind: 'declaration',
    location: { record },
    declaration: {
      region: region('us-east-1'),
      environmentName: `e${String(record)}`,
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      roleArn: null,
      componentRoleArn: null,
      codebuildRoleArn: null,
      tags: [],
    },
  };
}
