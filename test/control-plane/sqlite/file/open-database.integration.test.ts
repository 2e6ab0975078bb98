import { execFileSync, spawnSync } from 'node:child_process';
import fs, {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';

import BetterSqlite3 from 'better-sqlite3';

import { copyDatabase } from '../../../../src/control-plane/sqlite/file/copy-database';
import { openDatabase } from '../../../../src/control-plane/sqlite/file/open-database';
import { MIGRATIONS } from '../../../../src/control-plane/sqlite/migrations';
import { createDatabaseFile } from '../../../../src/control-plane/sqlite/file/create-database';
import { StoreOpenError } from '../../../../src/control-plane/store-errors';
import { explainOpenFailure, sqliteCodeOf } from '../../../../src/control-plane/sqlite/errors';
import { useTemporaryFolder } from '../../../support/folder';
import { PROJECT } from '../../../support/server-process';

const folder = useTemporaryFolder();

function refusalOf(location: string): string {
  try {
    openDatabase(location).close();
  } catch (error) {
    if (error instanceof StoreOpenError) return error.message;
    throw error;
  }
  throw new Error(`${location} was opened`);
}

/** An empty file of an older version: it has run no migration. */
function makeOlder(file: string): void {
  const database = new BetterSqlite3(file);
  database.pragma('application_id = 0x7072746e');
  database.close();
}

/** Opens a file in a process of its own, after a shell command, and returns the error message. */
function openElsewhere(file: string, prelude = ':', before = '') {
  const script = `const { openDatabase } = require('./dist/control-plane/sqlite/file/open-database');
    ${before}
    try { openDatabase(process.argv[1]).close(); } catch (error) { console.log(error.name + ': ' + error.message); }`;
  return spawnSync('sh', ['-c', `${prelude}; exec "$@"`, 'sh', process.execPath, '-e', script, file], {
    cwd: PROJECT,
    encoding: 'utf8',
  });
}

/** Root ignores permissions, so the process runs as another user. */
function refusalToAnyone(file: string): string {
  const { stdout, stderr } = openElsewhere(
    file,
    ':',
    'if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }',
  );
  expect(stderr).toBe('');
  return stdout;
}

/** A copy of a database without a log, and the journal of an unfinished transaction. */
function leaveHalfWritten(file: string, version = MIGRATIONS.length): void {
  const atWork = folder.path('at-work.db');
  openDatabase(atWork).close();
  const database = new BetterSqlite3(atWork);
  database.pragma('journal_mode = DELETE');
  database.pragma(`user_version = ${String(version)}`);
  // With a tiny cache SQLite writes pages into the file before the commit.
  database.pragma('cache_size = 2');
  database.exec('BEGIN IMMEDIATE');
  const insert = database.prepare(
    "INSERT INTO connections VALUES (?, 'r', 'PENDING', ?, '1', '2', NULL, NULL, NULL, 1, 1, '[]')",
  );
  for (let row = 0; row < 1_000; row += 1) insert.run(String(row), `e${String(row)}`);
  for (const end of ['', '-journal']) copyFileSync(atWork + end, file + end);
  database.exec('ROLLBACK');
  database.close();
}

describe('Copying a database', () => {
  it('copies what is committed, and only reads the original', () => {
    const file = folder.path('proton.db');
    const database = openDatabase(file);
    database.exec('CREATE TABLE later (id INTEGER); INSERT INTO later VALUES (7)');
    const before = [readFileSync(file), readFileSync(`${file}-wal`)];
    copyDatabase(file, folder.path('copy.db'));
    expect([readFileSync(file), readFileSync(`${file}-wal`)]).toEqual(before);
    database.close();
    const copy = openDatabase(folder.path('copy.db'));
    expect(copy.prepare('SELECT id FROM later').pluck().all()).toEqual([7]);
    copy.close();
  });

  it('refuses another application’s database, and names it', () => {
    const file = folder.path('other.db');
    const other = new BetterSqlite3(file);
    other.exec('CREATE TABLE things (id INTEGER)');
    other.close();
    const copying = () => {
      copyDatabase(file, folder.path('copy.db'));
    };
    expect(copying).toThrow(StoreOpenError);
    expect(copying).toThrow(/other\.db is a SQLite database of another application/);
    expect(existsSync(folder.path('copy.db'))).toBe(false);
  });

  it('does not copy a half written file as it is', () => {
    const file = folder.path('proton.db');
    leaveHalfWritten(file);
    const before = readFileSync(file);
    expect(() => {
      copyDatabase(file, folder.path('copy.db'));
    }).toThrow(/was left half written.* Start the server with it once/);
    expect(existsSync(folder.path('copy.db'))).toBe(false);
    expect(readFileSync(file).equals(before)).toBe(true);
  });
});

describe('Opening the database', () => {
  it('creates the file and its folder, and makes commits durable', () => {
    const file = folder.path('deep/er/proton.db');
    const database = openDatabase(file);
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(database.pragma('synchronous', { simple: true })).toBe(2);
    expect(database.pragma('foreign_keys', { simple: true })).toBe(1);
    database.close();
    expect(existsSync(file)).toBe(true);
  });

  it('creates the file where there are no hard links, and never overwrites another', () => {
    const file = folder.path('proton.db');
    const linking = jest.spyOn(fs, 'linkSync').mockImplementation(() => {
      throw Object.assign(new Error('not permitted'), { code: 'EPERM' });
    });
    openDatabase(file).close();
    expect(linking).toHaveBeenCalledTimes(1);
    expect(readdirSync(folder.path('.'))).toEqual(['proton.db']);
    const before = readFileSync(file);
    createDatabaseFile(file, (path) => {
      writeFileSync(path, 'another');
    });
    expect(linking).toHaveBeenCalledTimes(2);
    linking.mockRestore();
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('removes the stale files of a creation that was killed, and nothing else', () => {
    const file = folder.path('proton.db');
    const stale = `${file}.new-00000000-0000-4000-8000-000000000000`;
    const fresh = `${file}.new-00000000-0000-4000-8000-000000000001`;
    const left = [stale, `${stale}-wal`, `${stale}-journal`, `${file}.new-one`, `${file}-2.db`];
    for (const path of [...left, fresh]) writeFileSync(path, 'x');
    const earlier = new Date(Date.now() - 120_000);
    for (const path of left) utimesSync(path, earlier, earlier);
    openDatabase(file).close();
    expect(readdirSync(folder.path('.')).toSorted()).toEqual([
      'proton.db',
      'proton.db-2.db',
      'proton.db.new-00000000-0000-4000-8000-000000000001',
      'proton.db.new-one',
    ]);
  });

  it('rolls back what a crash left half written in a file without a log', () => {
    const file = folder.path('proton.db');
    leaveHalfWritten(file);
    const database = openDatabase(file);
    expect(database.prepare('SELECT count(*) FROM connections').pluck().get()).toBe(0);
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    database.close();
  });

  it.each<[string, RegExp, (file: string) => void]>([
    [
      'of a newer version',
      /newer version/,
      (file) => {
        leaveHalfWritten(file, MIGRATIONS.length + 1);
      },
    ],
    [
      'of another application',
      /of another application/,
      (file) => {
        leaveHalfWritten(file);
        const bytes = readFileSync(file);
        bytes.writeUInt32BE(1, 68);
        writeFileSync(file, bytes);
      },
    ],
  ])('does not touch a half written file %s', (_what, expected, leave) => {
    const file = folder.path('proton.db');
    leave(file);
    const before = [readFileSync(file), readFileSync(`${file}-journal`)];
    expect(refusalOf(file)).toMatch(expected);
    expect([readFileSync(file), readFileSync(`${file}-journal`)]).toEqual(before);
  });

  it('runs each migration once, when the file is opened several times', () => {
    const file = folder.path('proton.db');
    const [one, two] = [openDatabase(file), openDatabase(file)];
    expect(one.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length);
    expect(two.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length);
    one.close();
    two.close();
  });

  it('holds the write lock from reading the version until all migrations have run', () => {
    const file = folder.path('proton.db');
    makeOlder(file);
    const other = new BetterSqlite3(file, { timeout: 0 });
    let migrating = false;
    const attempts: unknown[] = [];
    const database = openDatabase(file, {
      trace: (statement) => {
        if (statement.startsWith('BEGIN')) migrating = true;
        if (statement.startsWith('COMMIT')) migrating = false;
        if (!migrating || !statement.startsWith('SELECT application_id')) return;
        try {
          other.exec('BEGIN IMMEDIATE; ROLLBACK');
          attempts.push('another process got the lock');
        } catch (error) {
          attempts.push(sqliteCodeOf(error));
        }
      },
    });
    expect(attempts).toEqual(['SQLITE_BUSY']);
    database.close();
    other.close();
  });

  it('opens a file that needs no migration while another process writes to it', () => {
    const file = folder.path('proton.db');
    openDatabase(file).close();
    const other = new BetterSqlite3(file, { timeout: 0 });
    other.exec('BEGIN IMMEDIATE');
    const statements: string[] = [];
    openDatabase(file, { trace: (statement) => statements.push(statement) }).close();
    other.exec('ROLLBACK');
    other.close();
    expect(statements.filter((statement) => statement.startsWith('BEGIN'))).toEqual([]);
  });

  it('runs no migration twice, and does not change a file that needs none', () => {
    const file = folder.path('proton.db');
    openDatabase(file).close();
    const before = readFileSync(file);
    openDatabase(file).close();
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('refuses a file from a newer version, and does not change it', () => {
    const file = folder.path('proton.db');
    const database = openDatabase(file);
    database.pragma(`user_version = ${String(MIGRATIONS.length + 1)}`);
    database.close();
    const before = readFileSync(file);
    expect(refusalOf(file)).toMatch(
      /proton\.db was written by a newer version .* Run that version or a later one/,
    );
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('refuses another application’s database', () => {
    const file = folder.path('other.db');
    const other = new BetterSqlite3(file);
    other.exec('CREATE TABLE things (id INTEGER)');
    other.close();
    const before = readFileSync(file);
    expect(refusalOf(file)).toMatch(
      /other\.db is a SQLite database of another application\. Set DATABASE_URL/,
    );
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('refuses a file that is not a database, and does not change it', () => {
    const file = folder.path('letter.txt');
    const letter = 'Dear Sir or Madam, '.repeat(100);
    writeFileSync(file, letter);
    expect(refusalOf(file)).toMatch(
      /letter\.txt is not a SQLite database, or is damaged .* Restore it from a backup/,
    );
    expect(readFileSync(file, 'utf8')).toBe(letter);
  });

  it('refuses a path that leads through a file', () => {
    writeFileSync(folder.path('file'), '');
    expect(refusalOf(folder.path('file/proton.db'))).toContain("can't be opened");
  });

  it.each<[string, RegExp, (file: string) => void]>([
    [
      'a folder',
      /it is a folder\. Set DATABASE_URL to sqlite:PATH/,
      (file) => {
        mkdirSync(file);
      },
    ],
    ['a pipe', /it is no regular file\. Set DATABASE_URL/, (file) => execFileSync('mkfifo', [file])],
    [
      'a link to itself',
      /links lead round in a circle\. Fix them/,
      (file) => {
        symlinkSync(file, file);
      },
    ],
    [
      'a link to nothing',
      /a symbolic link to a file that is not there: perhaps its disk is not mounted/,
      (file) => {
        symlinkSync(folder.path('unmounted/proton.db'), file);
      },
    ],
    [
      'a log whose file is lost',
      /is not there, but its log .*proton\.db-wal is.* Put the database back/,
      (file) => {
        writeFileSync(`${file}-wal`, 'x'.repeat(5_000));
      },
    ],
  ])('refuses %s, and creates nothing in its place', (_what, expected, put) => {
    const file = folder.path('proton.db');
    put(file);
    const before = readdirSync(folder.path('.'));
    expect(refusalOf(file)).toMatch(expected);
    expect(readdirSync(folder.path('.'))).toEqual(before);
  });

  it.each<[string, RegExp, (bytes: Buffer) => Buffer]>([
    [
      'is empty',
      /is empty, which a database of proton-subgraph never is.* Restore it from a backup, or remove/,
      () => Buffer.alloc(0),
    ],
    ['has one byte', /is empty, which a database/, (bytes) => bytes.subarray(0, 1)],
    [
      'was cut off in its header',
      /is damaged \(.*\)\. Restore it from a backup/,
      (bytes) => bytes.subarray(0, 50),
    ],
    ['was cut off in its first page', /is damaged \(.*\)\. Restore/, (bytes) => bytes.subarray(0, 3_000)],
    ['lacks its last page', /is damaged \(.*\)\. Restore/, (bytes) => bytes.subarray(0, -4096)],
    [
      'has garbage in a page',
      /is damaged \(.*\)\. Restore/,
      (bytes) => Buffer.from(bytes).fill(0x55, 3 * 4096, 4 * 4096),
    ],
    [
      'has a page of nothing',
      /is damaged \(.*\)\. Restore/,
      (bytes) => Buffer.from(bytes).fill(0, 3 * 4096, 4 * 4096),
    ],
  ])('refuses a file that %s, and does not change it', (_what, expected, spoil) => {
    const file = folder.path('proton.db');
    openDatabase(file).close();
    const spoiled = spoil(readFileSync(file));
    writeFileSync(file, spoiled);
    expect(refusalOf(file)).toMatch(expected);
    expect(readFileSync(file).equals(spoiled)).toBe(true);
  });

  it('does not change the file and the log of a newer version', () => {
    const file = folder.path('proton.db');
    const newer = openDatabase(file);
    newer.pragma(`user_version = ${String(MIGRATIONS.length + 1)}`);
    const copy = folder.path('copy.db');
    for (const end of ['', '-wal']) copyFileSync(file + end, copy + end);
    newer.close();
    const before = [readFileSync(copy), readFileSync(`${copy}-wal`)];
    expect(refusalOf(copy)).toMatch(/newer version/);
    expect([readFileSync(copy), readFileSync(`${copy}-wal`)]).toEqual(before);
  });

  it.each([
    ['a file', 'file', 0o444],
    ['a folder', 'folder', 0o555],
  ])('refuses %s that is read-only, and does not change it', (_what, which, mode) => {
    const file = folder.path('proton.db');
    openDatabase(file).close();
    const before = readFileSync(file);
    chmodSync(folder.path('.'), 0o777);
    chmodSync(file, 0o666);
    chmodSync(which === 'file' ? file : folder.path('.'), mode);
    expect(refusalToAnyone(file)).toMatch(/proton\.db can't be written to\. Give this user the right/);
    chmodSync(folder.path('.'), 0o777);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('creates nothing where a file can’t grow to a whole database', () => {
    const file = folder.path('proton.db');
    const { stdout } = openElsewhere(file, 'ulimit -f 20');
    expect(stdout).toMatch(/proton\.db can't be opened/);
    expect(readdirSync(folder.path('.'))).toEqual([]);
  });

  it('changes nothing when a migration fails half way', () => {
    const file = folder.path('proton.db');
    const database = new BetterSqlite3(file);
    // Our application id, and a table that makes the first migration fail.
    database.pragma('application_id = 0x7072746e');
    database.exec('CREATE TABLE client_tokens (id INTEGER)');
    database.close();
    expect(refusalOf(file)).toContain('client_tokens already exists');
    const after = new BetterSqlite3(file);
    expect(after.prepare('SELECT name FROM sqlite_schema').pluck().all()).toEqual(['client_tokens']);
    expect(after.pragma('user_version', { simple: true })).toBe(0);
    after.close();
  });

  it('refuses a file that has a user_version but not our application id', () => {
    const file = folder.path('counted.db');
    const other = new BetterSqlite3(file);
    other.pragma(`user_version = ${String(MIGRATIONS.length)}`);
    other.close();
    expect(refusalOf(file)).toContain('is a SQLite database of another application');
  });

  it.each([
    ['SQLITE_READONLY', /^proton\.db can't be written to\. Give this user the right/],
    ['SQLITE_READONLY_DIRECTORY', /^proton\.db can't be written to\./],
    ['SQLITE_BUSY', /^proton\.db has been locked by another process for 5 seconds\. Stop that process/],
    ['SQLITE_CORRUPT', /^proton\.db is not a SQLite database, or is damaged \(from SQLite\)\. Restore it/],
    [
      'SQLITE_FULL',
      /^proton\.db can't be opened: no space left on device, in the folder \/.* \(from SQLite\)\. Make some/,
    ],
    ['SQLITE_IOERR_SHMSIZE', /^proton\.db can't be opened: no space left on device, in the folder/],
    [
      'SQLITE_IOERR_WRITE',
      /^proton\.db can't be opened: no space left on device, in the folder \/.*, or the disk fails \(.*, SQLITE_IOERR_WRITE\)\. Make some/,
    ],
    [
      'SQLITE_READONLY_CANTINIT',
      /^proton\.db can't be opened, as its log \(-wal\) or the log's index \(-shm\) can't be written to\. Give/,
    ],
  ])('explains %s and how to fix it', (code, expected) => {
    expect(explainOpenFailure(new BetterSqlite3.SqliteError('from SQLite', code), 'proton.db')).toMatch(
      expected,
    );
  });
});
