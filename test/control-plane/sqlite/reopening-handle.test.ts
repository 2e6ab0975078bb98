import { renameSync, writeFileSync } from 'node:fs';

import BetterSqlite3 from 'better-sqlite3';

import { openHandle } from '../../../src/control-plane/sqlite/database-handle';
import { createReopeningHandle } from '../../../src/control-plane/sqlite/reopening-handle';
import { useTemporaryFolder } from '../../support/folder';

const folder = useTemporaryFolder();

/** A reopening handle, with the times at which it reopened the file, in milliseconds, and what it reported. */
function openFile() {
  const location = folder.path('proton.db');
  const reopened: number[] = [];
  const reports: (string | undefined)[] = [];
  const handle = createReopeningHandle({
    handle: openHandle(location, 0, {}),
    reopen: (fullCheck) => {
      reopened.push(performance.now());
      return openHandle(location, 0, { reopening: true, fullCheck });
    },
    lockTimeoutMs: 0,
    report: (error) => {
      reports.push(error?.kind);
    },
  });
  const fail = (code: string) =>
    expect(
      handle.write(() => Promise.reject(new BetterSqlite3.SqliteError('from SQLite', code))),
    ).rejects.toMatchObject({ code });
  const commit = () =>
    handle.write((current) => {
      current.tryCommitting();
      return Promise.resolve();
    });
  return { location, reopened, reports, handle, fail, commit };
}

describe('A reopening handle', () => {
  it.each([
    ['SQLITE_IOERR_WRITE', 'failing', 1],
    ['SQLITE_READONLY', 'read-only', 1],
    ['SQLITE_FULL', 'full', 0],
    ['SQLITE_NOMEM', 'memory', 0],
  ])('after %s is available again, and reopens the file where that may help', async (code, kind, times) => {
    const { handle, reports, reopened, fail, commit } = openFile();
    await fail(code);
    await commit();
    expect(reports).toEqual([kind, undefined]);
    expect(reopened.length).toBe(times);
    expect(handle.health()).toEqual({ ok: true });
    handle.close();
  });

  it('does not report that a handle is closed which it has replaced', async () => {
    const { handle, reports, fail, commit } = openFile();
    let proceed: () => void = () => undefined;
    const waiting = handle.write(async (current) => {
      await new Promise<void>((resolve) => {
        proceed = resolve;
      });
      current.tryCommitting();
    });
    await fail('SQLITE_IOERR_WRITE');
    await commit();
    proceed();
    await expect(waiting).rejects.toMatchObject({ kind: 'closed' });
    expect(reports).toEqual(['failing', undefined]);
    expect(handle.health()).toEqual({ ok: true });
    handle.close();
  });

  it('reopens at growing intervals while that does not help, and at least once a minute', () => {
    jest.useFakeTimers();
    try {
      const { location, handle, reopened } = openFile();
      for (const end of ['', '-wal', '-shm']) renameSync(location + end, `${location}.away${end}`);
      writeFileSync(location, 'Dear Sir or Madam, '.repeat(300));
      for (let second = 0; second < 250; second += 1) {
        expect(handle.health()).toMatchObject({ ok: false });
        jest.advanceTimersByTime(1_000);
      }
      const pauses = reopened.slice(1).map((at, index) => Math.round((at - (reopened[index] ?? 0)) / 1_000));
      expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
      handle.close();
    } finally {
      jest.useRealTimers();
    }
  });
});
