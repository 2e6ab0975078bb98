import fs, { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';

import BetterSqlite3 from 'better-sqlite3';
import fc from 'fast-check';

import { isWalDamaged } from '../../../../src/control-plane/sqlite/file/wal-check';
import { StoreOpenError } from '../../../../src/control-plane/store-errors';
import { openDatabase } from '../../../../src/control-plane/sqlite/file/open-database';
import { useTemporaryFolder } from '../../../support/folder';

const folder = useTemporaryFolder();
const COMMITS = 12;
const INSERT =
  "INSERT INTO connections VALUES (?, 'r', 'PENDING', ?, '1', '2', NULL, NULL, NULL, 1, 1, '[]')";
const LOG_HEADER = 32;
const FRAME = 24 + 4096;

/** A database whose writes are all still in its log, each in its own commit, as a kill leaves it. */
function leaveLog(): { readonly file: string; readonly log: Buffer; readonly main: Buffer } {
  const file = folder.path('proton.db');
  openDatabase(folder.path('at-work.db')).close();
  const database = openDatabase(folder.path('at-work.db'));
  const insert = database.prepare(INSERT);
  for (let commit = 0; commit < COMMITS; commit += 1) {
    insert.run(String(commit).padStart(2, '0'), `e${String(commit)}`);
  }
  for (const end of ['', '-wal']) copyFileSync(folder.path('at-work.db') + end, file + end);
  database.close();
  return { file, log: readFileSync(`${file}-wal`), main: readFileSync(file) };
}

/** The offsets of the frames that end a commit: their headers have the file's size in pages. */
function lastFramesOfCommits(log: Buffer): readonly number[] {
  const frames: number[] = [];
  for (let at = LOG_HEADER; at + FRAME <= log.length; at += FRAME) {
    if (log.readUInt32BE(at + 4) !== 0) frames.push(at);
  }
  return frames;
}

/** A log of which only a part was moved into the file, because of a reader, and that is damaged behind that part. */
function leavePartlyMovedLog(): string {
  const atWork = folder.path('at-work.db');
  const file = folder.path('proton.db');
  openDatabase(atWork).close();
  const database = openDatabase(atWork);
  const insert = database.prepare(INSERT);
  let next = 0;
  const add = (count: number, each: boolean) => {
    if (!each) database.exec('BEGIN');
    for (const end = next + count; next < end; next += 1)
      insert.run(String(next).padStart(36, '0'), `e${String(next)}`);
    if (!each) database.exec('COMMIT');
  };
  add(1_500, false);
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.exec("UPDATE connections SET tags = '[1]' WHERE id < '000000000000000000000000000000000300'");
  add(200, false);
  const reader = new BetterSqlite3(atWork, { readonly: true });
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM connections').get();
  add(40, true);
  database.pragma('wal_checkpoint(PASSIVE)');
  for (const end of ['', '-wal']) copyFileSync(atWork + end, file + end);
  reader.close();
  database.close();
  const log = readFileSync(`${file}-wal`);
  const at = (lastFramesOfCommits(log).at(-20) ?? 0) + 100;
  log[at] = (log[at] ?? 0) ^ 1;
  writeFileSync(`${file}-wal`, log);
  return file;
}

/** The number of commits that a start finds, or the message when it refuses the file. */
function found(file: string): number | string {
  try {
    const database = openDatabase(file);
    const ids = database.prepare('SELECT id FROM connections ORDER BY id').pluck().all();
    database.close();
    expect(ids.map(Number)).toEqual(Array.from(ids, (_, index) => index));
    return ids.length;
  } catch (error) {
    if (error instanceof StoreOpenError) return error.message;
    throw error;
  }
}

describe('A log that a kill left behind', () => {
  it('is left to SQLite, which drops the commits behind the damage, when the check is turned off', () => {
    const { file, log } = leaveLog();
    const at = (lastFramesOfCommits(log).at(-6) ?? 0) + 100;
    log[at] = (log[at] ?? 0) ^ 1;
    writeFileSync(`${file}-wal`, log);
    expect(() => openDatabase(file)).toThrow(/proton\.db-wal, the log of .*proton\.db, is damaged/);
    const database = openDatabase(file, { walCheck: false });
    expect(database.prepare('SELECT count(*) FROM connections').pluck().get()).toBe(COMMITS - 6);
    database.close();
  });

  it('is used up to its last whole commit, wherever a crash has cut it off', () => {
    const { file, log, main } = leaveLog();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: log.length }), (length) => {
        writeFileSync(file, main);
        writeFileSync(`${file}-wal`, log.subarray(0, length));
        expect(found(file)).toEqual(expect.any(Number));
      }),
      { numRuns: 40 },
    );
    writeFileSync(file, main);
    writeFileSync(`${file}-wal`, log);
    expect(found(file)).toBe(COMMITS);
  });

  it('is refused and not changed when a byte has changed, unless the byte is near its end', () => {
    const { file, log, main } = leaveLog();
    let refused = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: log.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, change) => {
          const changed = Buffer.from(log);
          changed[at] = (changed[at] ?? 0) ^ change;
          writeFileSync(file, main);
          writeFileSync(`${file}-wal`, changed);
          const answer = found(file);
          if (typeof answer === 'number') {
            // The damaged commit, and one behind it: that looks like what a crash leaves.
            expect(answer).toBeGreaterThanOrEqual(COMMITS - 2);
            return;
          }
          refused += 1;
          expect(answer).toMatch(
            /proton\.db-wal, the log of .*proton\.db, is damaged.* Restore both from a backup/,
          );
          expect(readFileSync(file).equals(main)).toBe(true);
          expect(readFileSync(`${file}-wal`).equals(changed)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
    expect(refused).toBeGreaterThan(20);
  });

  it('counts as damaged when two whole commits follow the damage, and as the end of a crash when one does', () => {
    const { file, log } = leaveLog();
    const ends = lastFramesOfCommits(log);
    const hit = (commit: number) => {
      const changed = Buffer.from(log);
      const at = (ends.at(commit) ?? 0) + 100;
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(`${file}-wal`, changed);
      return isWalDamaged(`${file}-wal`);
    };
    expect([hit(-3), hit(-2), hit(-1)]).toEqual([true, false, false]);
  });

  it.each<[string, (log: string, bytes: Buffer) => void]>([
    [
      'has grown',
      (log) => {
        appendFileSync(log, 'x');
      },
    ],
    [
      'was written to',
      (log, bytes) => {
        writeFileSync(log, bytes);
      },
    ],
  ])('is accepted when it %s while it was read, because then a process has it open', (_what, write) => {
    const { file, log } = leaveLog();
    const changed = Buffer.from(log).fill(0x55, LOG_HEADER + FRAME, LOG_HEADER + FRAME + 100);
    writeFileSync(`${file}-wal`, changed);
    expect(isWalDamaged(`${file}-wal`)).toBe(true);
    const read = fs.readFileSync;
    const reading = jest.spyOn(fs, 'readFileSync').mockImplementationOnce((path) => {
      const found = read(path);
      write(`${file}-wal`, changed);
      return found;
    });
    expect(isWalDamaged(`${file}-wal`)).toBe(false);
    expect(reading).toHaveBeenCalledTimes(1);
    reading.mockRestore();
  });

  it('is repaired by the printed command, though a part of it is in the file already', () => {
    const file = leavePartlyMovedLog();
    const refusal = String(found(file));
    expect(refusal).not.toMatch(/remove/i);
    const [, fix = ''] = /sqlite3 "\S+proton\.db" '(.*?)'/.exec(refusal) ?? [];
    const database = new BetterSqlite3(file);
    const results = fix.split('; ').map((statement) => database.prepare(statement).raw().get());
    database.close();
    expect(results).toEqual([[0, 0, 0], ['ok']]);
    expect(found(file)).toBeGreaterThan(1_500);
  });
});
