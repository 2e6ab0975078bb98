import { renameSync, writeFileSync } from 'node:fs';

import BetterSqlite3 from 'better-sqlite3';

import { openOnce } from '../../../src/control-plane/sqlite/database-handle';
import { standingOf } from '../../../src/control-plane/sqlite/reopening-handle';
import { useTemporaryFolder } from '../../support/folder';

const folder = useTemporaryFolder();

/** The standing of a file, with when it was opened anew, in milliseconds, and what was reported. */
function stand() {
  const location = folder.path('proton.db');
  const reopened: number[] = [];
  const reports: (string | undefined)[] = [];
  const standing = standingOf({
    opening: openOnce(location, 0, {}),
    reopen: (thorough) => {
      reopened.push(performance.now());
      return openOnce(location, 0, { again: true, thorough });
    },
    lockTimeoutMs: 0,
    report: (trouble) => {
      reports.push(trouble?.kind);
    },
  });
  const fail = (code: string) =>
    expect(
      standing.write(() => Promise.reject(new BetterSqlite3.SqliteError('told by SQLite', code))),
    ).rejects.toMatchObject({ code });
  const commit = () =>
    standing.write((opening) => {
      opening.tryCommitting();
      return Promise.resolve();
    });
  return { location, reopened, reports, standing, fail, commit };
}

describe('The standing of a store', () => {
  it.each([
    ['SQLITE_IOERR_WRITE', 'failing', 1],
    ['SQLITE_READONLY', 'read-only', 1],
    ['SQLITE_FULL', 'full', 0],
    ['SQLITE_NOMEM', 'memory', 0],
  ])('after %s comes back by itself, with another opening where that may help', async (code, kind, times) => {
    const { standing, reports, reopened, fail, commit } = stand();
    await fail(code);
    await commit();
    expect(reports).toEqual([kind, undefined]);
    expect(reopened.length).toBe(times);
    expect(standing.health()).toEqual({ ok: true });
    standing.close();
  });

  it('is not that of an opening which another has taken the place of', async () => {
    const { standing, reports, fail, commit } = stand();
    let goOn: () => void = () => undefined;
    const waiting = standing.write(async (opening) => {
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      opening.tryCommitting();
    });
    await fail('SQLITE_IOERR_WRITE');
    await commit();
    goOn();
    await expect(waiting).rejects.toMatchObject({ kind: 'closed' });
    expect(reports).toEqual(['failing', undefined]);
    expect(standing.health()).toEqual({ ok: true });
    standing.close();
  });

  it('is tried ever more seldom while it is of no use, and at least once a minute', () => {
    jest.useFakeTimers();
    try {
      const { location, standing, reopened } = stand();
      for (const end of ['', '-wal', '-shm']) renameSync(location + end, `${location}.away${end}`);
      writeFileSync(location, 'Dear Sir or Madam, '.repeat(300));
      for (let second = 0; second < 250; second += 1) {
        expect(standing.health()).toMatchObject({ ok: false });
        jest.advanceTimersByTime(1_000);
      }
      const pauses = reopened.slice(1).map((at, index) => Math.round((at - (reopened[index] ?? 0)) / 1_000));
      expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
      standing.close();
    } finally {
      jest.useRealTimers();
    }
  });
});
