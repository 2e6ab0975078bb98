import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

import BetterSqlite3 from 'better-sqlite3';

import { openDatabase } from '../../src/control-plane/sqlite/file/open-database';
import { replaceDatabase } from '../../src/control-plane/sqlite/file/replace-database';
import { MIGRATIONS } from '../../src/control-plane/sqlite/migrations';
import { command, commandProcess, commandToEnd } from '../cli/command';
import { testUnless } from '../support/aws-commands';
import { useTemporaryFolder } from '../support/folder';
import { request } from '../support/graphql-client';
import { runServerToEnd, startServerProcess } from '../support/server-process';
import { smallDiskMissing, useSmallDisk } from '../support/small-disk';

// Starting a process can take several seconds on a busy machine.
jest.setTimeout(120_000);

const folder = useTemporaryFolder();
const disk = useSmallDisk();
const ACCESS_KEY_ENCRYPTION_KEY = Buffer.alloc(32, 7).toString('base64');
const location = () => folder.path('data/proton.db');
const env = () => ({ DATABASE_URL: `sqlite:${location()}`, ACCESS_KEY_ENCRYPTION_KEY });
const run = (...words: readonly string[]) => command(words, { env: env() });

const CREATE = `mutation Create($name: String!) {
  createEnvironmentAccountConnection(
    input: { managementAccountId: "111111111111", environmentAccountId: "222222222222", environmentName: $name }
  ) { success error { code } }
}`;

async function create(url: string, name: string): Promise<void> {
  expect(JSON.stringify(await request(url, CREATE, { name }))).toContain('"success":true');
}

function namesIn(file: string): readonly unknown[] {
  const database = new BetterSqlite3(file, { readonly: true });
  try {
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    return database.prepare('SELECT environment_name FROM connections').pluck().all().toSorted();
  } finally {
    database.close();
  }
}

/** The content of every file in the store's folder. */
function folderContent(): Readonly<Record<string, string>> {
  const path = folder.path('data');
  return Object.fromEntries(
    readdirSync(path)
      .toSorted()
      .map((name) => [name, readFileSync(`${path}/${name}`).toString('base64')]),
  );
}

function fill(file: string, rows: number): void {
  const database = openDatabase(file);
  database.exec(`
    WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ${String(rows)})
    INSERT INTO connections
    SELECT printf('%036d', n), 'us-east-1', 'REJECTED', 'filled', '111111111111', '333333333333', NULL, NULL, NULL, n, n, '[]'
    FROM counted`);
  database.close();
}

/** Leaves a row in the write-ahead log only, as a killed process does. */
function leaveLog(): void {
  const database = openDatabase(location());
  database.exec(
    "INSERT INTO connections VALUES ('last', 'us-east-1', 'REJECTED', 'last', '1', '2', NULL, NULL, NULL, 1, 1, '[]')",
  );
  const endings = ['', '-wal', '-shm'];
  for (const ending of endings) copyFileSync(location() + ending, folder.path(`left${ending}`));
  database.close();
  for (const ending of endings) renameSync(folder.path(`left${ending}`), location() + ending);
}

/** Kills a server, so that its acknowledged writes are in the write-ahead log only. */
async function leaveKilledServer(...names: readonly string[]): Promise<void> {
  const { url, end } = await startServerProcess(env());
  for (const name of names) await create(url, name);
  await end('SIGKILL');
  expect(statSync(`${location()}-wal`).size).toBeGreaterThan(0);
}

describe('A backup', () => {
  it('of a running server under load is consistent, and does not block writes', async () => {
    fill(location(), 20_000);
    const { accessKeyId } = JSON.parse(
      (await run('access-key', 'create', '--account', '222222222222', '--json')).stdout,
    ) as { accessKeyId: string };
    const server = await startServerProcess(env());
    let acknowledged = 0;
    const loading = new AbortController();
    const load = (async () => {
      while (!loading.signal.aborted) {
        await create(server.url, `load-${String(acknowledged)}`);
        acknowledged += 1;
      }
    })();
    while (acknowledged < 5) await wait(5);
    const before = acknowledged;
    const file = folder.path('backup.db');
    const { code, stdout, stderr } = await commandToEnd(['backup', file, '--json'], { env: env() });
    const after = acknowledged;
    loading.abort();
    await load;
    expect(await server.end('SIGTERM')).toBe(0);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(after).toBeGreaterThan(before);

    const held = namesIn(file).filter((name) => name !== 'filled').length;
    expect(held).toBeGreaterThanOrEqual(before);
    expect(held).toBeLessThanOrEqual(after + 1);
    const database = new BetterSqlite3(file, { readonly: true });
    expect(database.prepare('SELECT count(*) FROM connection_events').pluck().get()).toBe(held);
    expect(database.prepare('SELECT id FROM access_keys').pluck().all()).toEqual([accessKeyId]);
    expect(database.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length);
    database.close();
    expect(JSON.parse(stdout)).toEqual({
      file,
      bytes: statSync(file).size,
      connections: 20_000 + held,
      events: held,
      accessKeys: 1,
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder.path('.')).toSorted()).toEqual(['backup.db', 'data']);
  });

  it('never overwrites a file', async () => {
    fill(location(), 1);
    for (const existing of ['backup.db', 'folder', 'link', 'other.db-wal']) {
      const path = folder.path(existing);
      if (existing === 'folder') mkdirSync(path);
      else if (existing === 'link') symlinkSync(folder.path('nowhere'), path);
      else writeFileSync(path, 'mine');
      const { code, stderr, stdout } = await run('backup', path.replace('-wal', ''));
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain('already exists');
    }
    expect(readFileSync(folder.path('backup.db'), 'utf8')).toBe('mine');
    expect(existsSync(folder.path('nowhere'))).toBe(false);
  });

  it('fails without a store, without the folder, or with a damaged store, and leaves no file', async () => {
    const file = folder.path('backup.db');
    expect((await run('backup', file)).stderr).toMatch(/^There is no database at .* Set DATABASE_URL/);
    fill(location(), 2_000);
    expect((await run('backup', folder.path('no/backup.db'))).stderr).toMatch(
      /no\/backup\.db can't be written: there is no such file or folder/,
    );
    const half = Math.floor(statSync(location()).size / 8192) * 4096;
    const opened = openSync(location(), 'r+');
    writeSync(opened, Buffer.alloc(4096, 0x55), 0, 4096, half);
    closeSync(opened);
    const { code, stderr } = await run('backup', file);
    expect(code).toBe(1);
    expect(stderr).toMatch(/proton\.db is not a SQLite database, or is damaged/);
    expect(readdirSync(folder.path('.'))).toEqual(['data']);
  });

  testUnless(smallDiskMissing, 'reports a full disk, and leaves no file', async () => {
    fill(location(), 2_000);
    disk.mount(300);
    const { code, stderr } = await run('backup', disk.path('backup.db'));
    expect(code).toBe(1);
    expect(stderr).toBe(
      `${disk.path('backup.db')} can't be written: no space left on device, in the folder ${disk.path('.').replace(/\/\.?$/, '')}.\n`,
    );
    expect(readdirSync(disk.path('.'))).toEqual([]);
  });

  it('shows its progress on a terminal, as a restore does', async () => {
    fill(location(), 5_000);
    const file = folder.path('backup.db');
    const backup = await command(['backup', file], { env: env(), terminal: true });
    expect(backup.stderr).toMatch(/copying backup\.db \[=* *\] \d+% of \d\.\d MB/);
    expect(backup.stderr).toContain('checking backup.db [');
    expect(backup.stdout).toMatch(
      /^Backed up connections: 5000, events: 0, access keys: 0 to .*backup\.db \(/,
    );
    const restore = await command(['restore', file], { env: env(), terminal: true });
    expect(restore.stderr).toMatch(/copying backup\.db \[=* *\] \d+% of \d\.\d MB/);
    expect(restore.stderr).toContain('checking backup.db [');
  });

  it('that is interrupted leaves no file', async () => {
    fill(location(), 40_000);
    const child = commandProcess(['backup', folder.path('backup.db')], env());
    const ended = once(child, 'exit');
    const started = () =>
      readdirSync(folder.path('.')).some(
        (name) => name.includes('.part-') && existsSync(folder.path(`${name}/copy.db`)),
      );
    while (!started() && child.exitCode === null) await wait(1);
    child.kill('SIGTERM');
    expect(await ended).toEqual([null, 'SIGTERM']);
    expect(readdirSync(folder.path('.'))).toEqual(['data']);
  });
});

describe('A restore', () => {
  it('replaces the store, and keeps the old one with its write-ahead log under another name', async () => {
    const first = await startServerProcess(env());
    await create(first.url, 'kept');
    const key = await commandToEnd(['access-key', 'create', '--account', '222222222222', '--json'], {
      env: env(),
    });
    const { accessKeyId } = JSON.parse(key.stdout) as { accessKeyId: string };
    await first.end('SIGTERM');
    const backup = folder.path('backup.db');
    expect((await run('backup', backup)).code).toBe(0);
    const bytes = readFileSync(backup);
    chmodSync(location(), 0o640);
    await leaveKilledServer('later');
    const old = folderContent();

    const { code, stdout, stderr } = await run('restore', backup, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { moved, ...report } = JSON.parse(stdout) as { moved: readonly { from: string; to: string }[] };
    expect(report).toEqual({ store: location(), from: backup, connections: 1, events: 1, accessKeys: 1 });
    expect(moved.map(({ from }) => from)).toEqual(['', '-wal', '-shm'].map((ending) => location() + ending));
    for (const { from, to } of moved) {
      expect(to).toMatch(/proton\.db\.before-restore-\d{8}T\d{6}Z(?:-wal|-shm)?$/);
      expect(readFileSync(to).toString('base64')).toBe(old[from.slice(folder.path('data/').length)]);
    }
    expect(readdirSync(folder.path('data'))).toHaveLength(4);
    expect(statSync(location()).mode & 0o777).toBe(0o640);
    expect(readFileSync(backup).equals(bytes)).toBe(true);
    expect((await run('access-key', 'list')).stdout).toContain(accessKeyId);

    const second = await startServerProcess(env());
    await create(second.url, 'after');
    await second.end('SIGTERM');
    expect(namesIn(location())).toEqual(['after', 'kept']);

    // The old store is complete, including the rows of its write-ahead log.
    expect((await run('restore', moved[0]?.to ?? '')).code).toBe(0);
    expect(namesIn(location())).toEqual(['kept', 'later']);
  });

  it('creates a missing store, and follows a symbolic link', async () => {
    fill(location(), 3);
    const backup = folder.path('backup.db');
    await run('backup', backup);
    const newStore = { DATABASE_URL: `sqlite:${folder.path('new/place/proton.db')}` };
    expect(await command(['restore', backup], { env: newStore })).toEqual({
      code: 0,
      stderr: '',
      stdout: `Restored ${folder.path('new/place/proton.db')} from ${backup} (connections: 3, events: 0, access keys: 0).\n`,
    });
    symlinkSync(location(), folder.path('link.db'));
    const linked = await command(['restore', backup], {
      env: { DATABASE_URL: `sqlite:${folder.path('link.db')}` },
    });
    expect(linked.stdout).toContain(`  ${location()}.before-restore-`);
    expect(readdirSync(folder.path('data'))).toHaveLength(2);
  });

  it('fails while a server has the store open: idle, under load, or with a damaged file', async () => {
    fill(location(), 1);
    const backup = folder.path('backup.db');
    await run('backup', backup);
    const server = await startServerProcess(env());
    const names: string[] = ['filled'];
    const expectFailure = async () => {
      const { code, stdout, stderr } = await commandToEnd(['restore', backup], { env: env() });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^\S+proton\.db is open in another process: a server.*Stop it and try again/);
      expect(readdirSync(folder.path('data')).toSorted()).toEqual([
        'proton.db',
        'proton.db-shm',
        'proton.db-wal',
      ]);
    };
    // The server has not received a request yet.
    await expectFailure();
    const loading = new AbortController();
    const load = (async () => {
      while (!loading.signal.aborted) {
        names.push(`load-${String(names.length)}`);
        await create(server.url, names.at(-1) ?? '');
      }
    })();
    while (names.length < 5) await wait(5);
    await expectFailure();
    loading.abort();
    await load;
    const header = readFileSync(location()).subarray(0, 100);
    const write = (bytes: Buffer) => {
      const file = openSync(location(), 'r+');
      writeSync(file, bytes, 0, 100, 0);
      closeSync(file);
    };
    write(Buffer.alloc(100, 0x55));
    await expectFailure();
    write(header);
    await server.end('SIGTERM');
    expect(namesIn(location())).toEqual(names.toSorted());
    expect((await run('restore', backup)).code).toBe(0);
  });

  it('prevents the start of a server until it is done', async () => {
    fill(location(), 40_000);
    const backup = folder.path('backup.db');
    await run('backup', backup);
    const child = commandProcess(['restore', backup], env());
    const ended = once(child, 'exit');
    const locked = () =>
      readdirSync(folder.path('data')).some(
        (name) => name.includes('.restore-') && existsSync(folder.path(`data/${name}/copy.db`)),
      );
    while (!locked() && child.exitCode === null) await wait(1);
    child.kill('SIGSTOP');
    const { code, stderr } = await runServerToEnd({
      ...env(),
      PORT: '0',
      ADMIN_PORT: '0',
      PROTON_ENDPOINT_PORT: '0',
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/has been locked by another process/);
    child.kill('SIGCONT');
    expect(await ended).toEqual([0, null]);
    expect(namesIn(location())).toHaveLength(40_000);
  });

  it.each<[string, RegExp, (path: string, sound: string) => void]>([
    ['is not there', /^There is no backup/, () => undefined],
    [
      'is a folder',
      /is not a regular file/,
      (path) => {
        mkdirSync(path);
      },
    ],
    [
      'is empty',
      /is empty/,
      (path) => {
        writeFileSync(path, '');
      },
    ],
    [
      'is no database',
      /is not a SQLite database, or is damaged/,
      (path) => {
        writeFileSync(path, 'x'.repeat(9_000));
      },
    ],
    [
      'was cut off',
      /is damaged/,
      (path, sound) => {
        copyFileSync(sound, path);
        truncateSync(path, statSync(path).size - 4096);
      },
    ],
    [
      'has more than a database',
      /is damaged \(it has \d+ of \d+ bytes\)/,
      (path, sound) => {
        copyFileSync(sound, path);
        appendFileSync(path, 'more');
      },
    ],
    [
      'has an index that lacks a row',
      /is damaged/,
      (path, sound) => {
        copyFileSync(sound, path);
        const database = new BetterSqlite3(path);
        database.unsafeMode();
        database.exec(`PRAGMA writable_schema = ON;
          UPDATE sqlite_schema SET sql = replace(sql, '(requested_at, id)', '(status, id)') WHERE name = 'connections_by_request'`);
        database.close();
      },
    ],
    [
      'is of another application',
      /is a SQLite database of another application\. Name a backup/,
      (path) => {
        const database = new BetterSqlite3(path);
        database.exec('CREATE TABLE things (id INTEGER)');
        database.close();
      },
    ],
    [
      'holds nothing',
      /holds no store/,
      (path) => {
        const database = new BetterSqlite3(path);
        database.exec('CREATE TABLE things (id INTEGER); DROP TABLE things');
        database.close();
      },
    ],
    [
      'is of a newer version',
      /was written by a newer version/,
      (path, sound) => {
        copyFileSync(sound, path);
        const database = new BetterSqlite3(path);
        database.pragma(`user_version = ${String(MIGRATIONS.length + 1)}`);
        database.close();
      },
    ],
  ])('of a file that %s changes nothing', async (_what, expected, make) => {
    fill(location(), 500);
    const sound = folder.path('sound.db');
    await run('backup', sound);
    // The last row is in the write-ahead log only.
    leaveLog();
    const before = folderContent();
    make(folder.path('backup.db'), sound);
    const { code, stdout, stderr } = await run('restore', folder.path('backup.db'));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(expected);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(folderContent()).toEqual(before);
    // A damaged store can be replaced by its backup.
    truncateSync(location(), 5_000);
    expect((await run('restore', sound)).code).toBe(0);
    expect(namesIn(location())).toHaveLength(500);
  });

  it('of the store itself fails, also by the name of a link', async () => {
    fill(location(), 1);
    symlinkSync(location(), folder.path('link.db'));
    for (const name of [location(), folder.path('link.db')]) {
      expect((await run('restore', name)).stderr).toContain('is the store itself');
    }
  });

  testUnless(smallDiskMissing, 'reports a full disk, and does not change the store', async () => {
    fill(folder.path('big.db'), 4_000);
    const backup = folder.path('backup.db');
    await command(['backup', backup], { env: { DATABASE_URL: `sqlite:${folder.path('big.db')}` } });
    disk.mount(1_000);
    const file = disk.path('proton.db');
    fill(file, 1);
    const before = readFileSync(file);
    const { code, stderr } = await command(['restore', backup], { env: { DATABASE_URL: `sqlite:${file}` } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/no space left on device, in the folder .* The store is unchanged\./);
    expect(readdirSync(disk.path('.'))).toEqual(['proton.db']);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('that fails after it has moved files moves them back', () => {
    fill(location(), 1);
    leaveLog();
    const before = folderContent();
    const fresh = folder.path('fresh.db');
    fill(fresh, 2);
    expect(() =>
      replaceDatabase(fresh, location(), () => {
        expect(namesIn(location())).toEqual(['filled', 'filled']);
        throw new Error('not in order');
      }),
    ).toThrow('not in order');
    expect(folderContent()).toEqual(before);
  });

  it('that was killed while it moved files prevents the start of a server, and can be repeated', async () => {
    fill(location(), 2);
    const backup = folder.path('backup.db');
    await run('backup', backup);
    leaveLog();
    for (const moved of [[''], ['', '-wal'], ['', '-wal', '-shm']]) {
      writeFileSync(`${location()}.restoring`, 'mv a b\n');
      for (const ending of moved) renameSync(location() + ending, folder.path(`away${ending}`));
      expect(() => openDatabase(location())).toThrow(
        /is being restored, or a restore was cut off.*Restore it again; or move back the files that are listed in \S+\.restoring/,
      );
      for (const ending of moved) renameSync(folder.path(`away${ending}`), location() + ending);
    }
    expect((await run('restore', backup)).code).toBe(0);
    expect(existsSync(`${location()}.restoring`)).toBe(false);
    expect(namesIn(location())).toEqual(['filled', 'filled']);
  });
});
