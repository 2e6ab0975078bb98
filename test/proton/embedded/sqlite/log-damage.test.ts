import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';

import fc from 'fast-check';

import { openDatabase, StoreOpenError } from '../../../../src/proton/embedded/sqlite/opening/open-database';
import { useTemporaryFolder } from '../../../support/folder';

const folder = useTemporaryFolder();
const COMMITS = 12;

/** A database whose writes are all still in its log, as a kill leaves it: each a commit of its own. */
function leaveLog(): { readonly file: string; readonly log: Buffer; readonly main: Buffer } {
  const file = folder.path('proton.db');
  openDatabase(folder.path('at-work.db')).close();
  const database = openDatabase(folder.path('at-work.db'));
  const insert = database.prepare(
    "INSERT INTO connections VALUES (?, 'r', 'PENDING', ?, '1', '2', NULL, NULL, NULL, 1, 1, '[]')",
  );
  for (let commit = 0; commit < COMMITS; commit += 1) {
    insert.run(String(commit).padStart(2, '0'), `e${String(commit)}`);
  }
  for (const end of ['', '-wal']) copyFileSync(folder.path('at-work.db') + end, file + end);
  database.close();
  return { file, log: readFileSync(`${file}-wal`), main: readFileSync(file) };
}

/** How many of the commits a start finds; the refusal where it refuses. */
function found(file: string): number | string {
  try {
    const database = openDatabase(file);
    const ids = database.prepare('SELECT id FROM connections ORDER BY id').pluck().all();
    database.close();
    expect(ids).toEqual(Array.from(ids, (_, index) => String(index).padStart(2, '0')));
    return ids.length;
  } catch (error) {
    if (error instanceof StoreOpenError) return error.message;
    throw error;
  }
}

describe('A log that a kill left behind', () => {
  it('is taken up to its last whole commit, wherever a crash has cut it off', () => {
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

  it('is refused where a byte in it has changed, and left as it is, unless that byte is in its end', () => {
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
            // The commit that is hit, and one more that can't be told from what a crash leaves.
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
});
