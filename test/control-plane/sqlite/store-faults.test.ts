import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import BetterSqlite3 from 'better-sqlite3';

import { MIGRATIONS } from '../../../src/control-plane/sqlite/migrations';
import { openSqliteStore } from '../../../src/control-plane/sqlite/sqlite-store';
import { createEmbeddedProtonService } from '../../../src/control-plane/control-plane';
import { unrestrictedViewer } from '../../../src/proton/viewer';
import { useTemporaryFolder } from '../../support/folder';
import { ENVIRONMENT, MANAGEMENT, region } from '../../support/proton';

const folder = useTemporaryFolder();
const UNAVAILABLE = { code: 'UNAVAILABLE', retryable: true };

/** A control plane over a file, with what its store has reported. */
function serve(lockTimeoutMs?: number) {
  const location = folder.path('proton.db');
  const reports: (string | undefined)[] = [];
  const statements: string[] = [];
  const before = new Map<string, () => void>();
  const store = openSqliteStore({
    location,
    lockTimeoutMs,
    trace: (statement) => {
      statements.push(statement);
      before.get(statement)?.();
    },
    report: (error) => {
      reports.push(error?.kind);
    },
  });
  const service = createEmbeddedProtonService({
    store,
    settings: { defaultRegion: region('us-east-1'), defaultAccountId: undefined, connectionQuota: 10_000 },
  });
  const session = service.session(unrestrictedViewer('someone'));
  const create = (environmentName: string) =>
    session.createConnection({
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName,
      clientToken: environmentName,
    });
  const count = async () => (await session.countConnections([{}]))[0];
  /** Runs `act` once, just before a statement runs. */
  const once = (statement: string, act: () => void) => {
    before.set(statement, () => {
      before.delete(statement);
      act();
    });
  };
  return { location, reports, statements, once, store, session, create, count };
}

/** Polls, like a readiness probe. */
async function becomesReady({ store }: ReturnType<typeof serve>): Promise<void> {
  while (!(await store.health()).ok) await delay(50);
}

/** The names that another process finds now. */
function namesIn(location: string): readonly unknown[] {
  const database = new BetterSqlite3(location);
  const names = database.prepare('SELECT environment_name FROM connections ORDER BY 1').pluck().all();
  database.close();
  return names;
}

describe('A store whose file is moved away', () => {
  it('refuses writes, serves reads, and recovers when the file is back', async () => {
    const served = serve();
    const { location, create, count, store, reports } = served;
    await create('a');
    expect(await store.health()).toEqual({ ok: true });
    renameSync(location, `${location}.away`);
    await expect(create('b')).rejects.toMatchObject(UNAVAILABLE);
    expect(await count()).toBe(1);
    const health = await store.health();
    expect(health).toMatchObject({
      ok: false,
      part: 'store',
      reason: expect.stringMatching(/is gone\. Put it back/) as string,
    });
    expect(JSON.stringify(health)).not.toContain('proton.db');
    expect(existsSync(location)).toBe(false);
    renameSync(`${location}.away`, location);
    await create('c');
    await becomesReady(served);
    expect(reports).toEqual(['gone', undefined]);
    await store.close();
    expect(namesIn(location)).toEqual(['a', 'c']);
  });

  it.each([['-wal'], ['-wal', '-shm'], ['-shm']])(
    'loses nothing when the log is removed (%s)',
    async (...ends) => {
      const { location, create, count, store } = serve();
      await create('a');
      for (const end of ends) rmSync(location + end);
      expect(await count()).toBe(1);
      await create('b');
      expect(namesIn(location)).toEqual(['a', 'b']);
      expect(await store.health()).toEqual({ ok: true });
      await store.close();
      expect(namesIn(location)).toEqual(['a', 'b']);
    },
  );

  it('does not acknowledge a commit into a file that was moved during the commit', async () => {
    const { location, create, store, once } = serve();
    await create('a');
    once('COMMIT', () => {
      renameSync(location, `${location}.away`);
    });
    await expect(create('b')).rejects.toMatchObject(UNAVAILABLE);
    expect(await store.health()).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/is gone/) as string,
    });
    await store.close();
  });

  it('saves a commit into the file, before it is acknowledged, when the log was removed during the commit', async () => {
    const { location, create, store, once } = serve();
    await create('a');
    once('COMMIT', () => {
      for (const end of ['-wal', '-shm']) rmSync(location + end);
    });
    await create('b');
    expect(namesIn(location)).toEqual(['a', 'b']);
    await store.close();
  });

  it('opens a backup that replaces the file, once the old log is gone', async () => {
    const served = serve();
    const { location, create, store, reports } = served;
    await create('a');
    const reader = new BetterSqlite3(location);
    await reader.backup(folder.path('backup.db'));
    reader.close();
    await create('b');
    renameSync(folder.path('backup.db'), location);
    await expect(create('c')).rejects.toMatchObject(UNAVAILABLE);
    expect(await store.health()).toMatchObject({ ok: false, part: 'store' });
    for (const end of ['-wal', '-shm']) rmSync(location + end);
    await becomesReady(served);
    await create('d');
    expect(reports).toEqual(['replaced', undefined]);
    await store.close();
    expect(namesIn(location)).toEqual(['a', 'd']);
  });

  it.each([
    [
      'a file that is not a database',
      (location: string) => {
        writeFileSync(location, 'Dear Sir or Madam, '.repeat(300));
      },
    ],
    [
      'an empty file',
      (location: string) => {
        writeFileSync(location, '');
      },
    ],
  ])('does not open %s in the place of the file, and does not change it', async (_what, put) => {
    const { location, create, count, store } = serve();
    await create('a');
    for (const end of ['', '-wal', '-shm']) renameSync(location + end, `${location}.away${end}`);
    put(location);
    const there = readFileSync(location);
    await expect(create('b')).rejects.toMatchObject(UNAVAILABLE);
    expect(await store.health()).toMatchObject({ ok: false, part: 'store' });
    expect(await count()).toBe(1);
    await store.close();
    expect(readFileSync(location).equals(there)).toBe(true);
  });
});

describe('A store whose file is damaged while it is open', () => {
  it('fails reads of damaged rows, serves the others, refuses writes, and recovers with the file', async () => {
    const first = serve();
    const created = await Promise.all(
      Array.from({ length: 300 }, (_, index) => first.create(`e${String(index)}`)),
    );
    await first.store.close();
    const served = serve();
    const { location, session, create, store, reports } = served;
    const whole = readFileSync(location);
    const leaf = lastLeafOfConnections(location);
    const broken = Buffer.from(whole).fill(0x55, leaf.start, leaf.end);
    writeFileSync(location, broken);

    const outcomes = await Promise.allSettled(
      created.map(async ({ id }) => session.findConnections([{ id }])),
    );
    const failed = outcomes.filter(({ status }) => status === 'rejected');
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThan(created.length);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') {
        expect(outcome.reason).toMatchObject(UNAVAILABLE);
        expect(String(outcome.reason)).not.toMatch(/malformed|SQLITE|proton\.db/);
      } else expect(outcome.value[0]).toBeDefined();
    }
    await expect(create('another')).rejects.toMatchObject(UNAVAILABLE);
    expect(await store.health()).toMatchObject({
      ok: false,
      part: 'store',
      reason: expect.stringMatching(/damaged\. Restore it/) as string,
    });

    writeFileSync(location, whole);
    await becomesReady(served);
    await create('another');
    expect(reports).toEqual(['damaged', undefined]);
    await store.close();
  });
});

/** The page with the greatest ids. */
function lastLeafOfConnections(location: string): { readonly start: number; readonly end: number } {
  const database = new BetterSqlite3(location, { readonly: true });
  const root = Number(
    database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'connections'").pluck().get(),
  );
  const size = Number(database.pragma('page_size', { simple: true }));
  database.close();
  // The header of an inner page names its last child page.
  const leaf = readFileSync(location).readUInt32BE((root - 1) * size + 8);
  return { start: (leaf - 1) * size, end: leaf * size };
}

describe('A store that another process locks', () => {
  it('serves reads and is healthy while a write waits', async () => {
    const { location, create, count, store } = serve();
    await create('a');
    const other = new BetterSqlite3(location);
    other.exec('BEGIN IMMEDIATE');
    let answered = false;
    const write = create('b').finally(() => {
      answered = true;
    });
    for (let times = 0; times < 20; times += 1) {
      expect(await count()).toBe(1);
      expect(await store.health()).toEqual({ ok: true });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(answered).toBe(false);
    other.exec('ROLLBACK');
    expect((await write).environmentName).toBe('b');
    other.close();
    await store.close();
  });

  it('fails all writes that wait for the lock together, instead of commit by commit', async () => {
    const served = serve(200);
    const { location, create, count, store, statements } = served;
    await create('first');
    const other = new BetterSqlite3(location);
    other.exec('BEGIN IMMEDIATE');
    statements.length = 0;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 2000 }, (_, index) => create(`e${String(index)}`)),
    );
    // The writes make eight commits. If each waited for the whole timeout, it would try the lock twenty times.
    expect(statements.filter((statement) => statement === 'BEGIN IMMEDIATE').length).toBeLessThan(40);
    expect(outcomes.every((outcome) => outcome.status === 'rejected')).toBe(true);
    expect(outcomes[1999]).toMatchObject({ reason: UNAVAILABLE });
    expect(await store.health()).toMatchObject({
      ok: false,
      part: 'store',
      reason: expect.stringMatching(/lock/) as string,
    });
    other.exec('ROLLBACK');
    other.close();
    await becomesReady(served);
    expect(await count()).toBe(1);
    await store.close();
  });
});

describe('The health of a store', () => {
  it('is bad for the part `migrations` when a newer version has changed the schema, and writes are refused', async () => {
    const served = serve();
    const { location, create, count, store, reports } = served;
    await create('a');
    const newer = new BetterSqlite3(location);
    newer.pragma(`user_version = ${String(MIGRATIONS.length + 1)}`);
    await expect(create('b')).rejects.toMatchObject(UNAVAILABLE);
    expect(await count()).toBe(1);
    expect(await store.health()).toMatchObject({ ok: false, part: 'migrations' });
    newer.pragma(`user_version = ${String(MIGRATIONS.length)}`);
    newer.close();
    await becomesReady(served);
    expect(reports).toEqual(['newer', undefined]);
    await store.close();
  });

  it('tries a commit at most once a second, however often it is checked', async () => {
    const location = folder.path('proton.db');
    const statements: string[] = [];
    const store = openSqliteStore({ location, trace: (statement) => statements.push(statement) });
    for (let times = 0; times < 100; times += 1) expect(await store.health()).toEqual({ ok: true });
    const commits = statements.filter((statement) => statement === 'COMMIT').length;
    expect(commits).toBe(1);
    await store.close();
  });

  it('shows that the file is gone before the next write', async () => {
    const { location, store } = serve();
    for (const end of ['', '-wal', '-shm']) copyFileSync(location + end, `${location}.away${end}`);
    rmSync(location);
    expect(await store.health()).toMatchObject({ ok: false });
    expect(readdirSync(folder.path('.'))).not.toContain('proton.db');
    await store.close();
  });

  it('is good for a store in memory', async () => {
    const store = openSqliteStore({ location: ':memory:' });
    expect(await store.health()).toEqual({ ok: true });
    await store.close();
  });
});
