import { randomUUID } from 'node:crypto';

import BetterSqlite3 from 'better-sqlite3';

import type { ConnectionView } from '../../../src/proton/connection';
import { isConnectionId, isRoleArn } from '../../../src/proton/identifiers';
import type { ConnectionImport, FactRecord } from '../../../src/control-plane/import/import-store';
import { openSqliteStore, type SqliteStore } from '../../../src/control-plane/sqlite/sqlite-store';
import { useTemporaryFolder } from '../../support/folder';
import { ENVIRONMENT, MANAGEMENT, region, START } from '../../support/proton';

const folder = useTemporaryFolder();

function fact(record: number, members: Partial<ConnectionView> = {}): FactRecord {
  const id = randomUUID();
  if (!isConnectionId(id)) throw new Error(id);
  return {
    kind: 'fact',
    place: { record },
    fact: {
      id,
      region: region('us-east-1'),
      status: 'CONNECTED',
      environmentName: `e${String(record)}`,
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      roleArn: null,
      componentRoleArn: null,
      requestedAt: START,
      lastModifiedAt: START,
      ...members,
    },
  };
}

async function started(
  records: readonly FactRecord[],
  options: Omit<Parameters<typeof openSqliteStore>[0], 'location'> = {},
): Promise<{
  readonly store: SqliteStore;
  readonly importing: ConnectionImport;
  readonly other: BetterSqlite3.Database;
}> {
  const location = folder.path('proton.db');
  const store = openSqliteStore({ location, ...options });
  const importing = store.imports.begin();
  await importing.add(records);
  return { store, importing, other: new BetterSqlite3(location, { timeout: 0 }) };
}

const rows = (database: BetterSqlite3.Database, table: string) =>
  database.prepare(`SELECT count(*) FROM ${table}`).pluck().get();

const TWIN = `INSERT INTO connections VALUES (?, 'us-east-1', 'PENDING', 'e1', '${MANAGEMENT}', '${ENVIRONMENT}', NULL, NULL, NULL, 0, 0, '[]')`;

describe('An import into the SQLite store', () => {
  it('keeps nobody from writing while it gathers and judges', async () => {
    const { store, importing, other } = await started([fact(1)]);
    other.exec('BEGIN IMMEDIATE');
    await importing.add([fact(2)]);
    expect(await importing.settle('judge')).toMatchObject({ written: false, counts: { new: 2 }, refused: 0 });
    other.exec('ROLLBACK');
    expect(rows(other, 'connections')).toBe(0);
    other.close();
    await store.close();
  });

  it('judges anew when somebody wrote while it waited for the lock', async () => {
    const statements: string[] = [];
    let meanwhile: (() => void) | undefined;
    const { store, importing, other } = await started([fact(1), fact(2)], {
      trace: (statement) => {
        statements.push(statement);
        if (statement === 'BEGIN IMMEDIATE') meanwhile?.();
        if (statement === 'BEGIN IMMEDIATE') meanwhile = undefined;
      },
    });
    meanwhile = () => other.prepare(TWIN).run('twin');
    const outcome = await importing.settle('write');
    expect(outcome).toMatchObject({ written: false, refused: 1 });
    expect(outcome.refusals).toMatchObject([
      { place: { record: 1 }, reasons: [expect.stringContaining('as twin, which is PENDING here')] },
    ]);
    expect([rows(other, 'connections'), rows(other, 'connection_events')]).toEqual([1, 0]);
    // What stood in the way is gone, and nothing of the first attempt is left.
    other.exec('DELETE FROM connections');
    expect(await importing.settle('write')).toMatchObject({ written: true, counts: { new: 2 } });
    expect([rows(other, 'connections'), rows(other, 'connection_events')]).toEqual([2, 2]);
    other.close();
    await store.close();
  });

  it('waits for the lock, and says that the store takes no writes when it waited too long', async () => {
    const { store, importing, other } = await started([fact(1)], { lockTimeoutMs: 50 });
    other.exec('BEGIN IMMEDIATE');
    await expect(importing.settle('write')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    other.exec('COMMIT');
    expect(await importing.settle('write')).toMatchObject({ written: true });
    expect(rows(other, 'connections')).toBe(1);
    other.close();
    await store.close();
  });

  it('leaves nothing behind of a write that fails half way', async () => {
    const { store, importing, other } = await started([fact(1), fact(2)]);
    other.exec(
      "CREATE TRIGGER sabotage BEFORE INSERT ON connection_events BEGIN SELECT RAISE(ABORT, 'sabotaged'); END",
    );
    await expect(importing.settle('write')).rejects.toMatchObject({ message: 'sabotaged' });
    expect(rows(other, 'connections')).toBe(0);
    other.exec('DROP TRIGGER sabotage');
    expect(await importing.settle('write')).toMatchObject({ written: true, counts: { new: 2 } });
    other.close();
    await store.close();
  });

  it('takes no lock when there is nothing to change', async () => {
    const one = fact(1);
    const { store, importing, other } = await started([one], { lockTimeoutMs: 0 });
    await importing.settle('write');
    const again = store.imports.begin();
    await again.add([one]);
    other.exec('BEGIN IMMEDIATE');
    expect(await again.settle('write')).toMatchObject({ written: true, counts: { new: 0, unchanged: 1 } });
    other.exec('ROLLBACK');
    other.close();
    await store.close();
  });

  it('goes on past any number of records that the store has', async () => {
    const many = Array.from({ length: 2500 }, (_, index) => fact(index + 1));
    const { store, importing, other } = await started(many);
    await importing.settle('write');
    const again = store.imports.begin();
    const changed = many.map((one, index) =>
      index % 1000 === 999 ? { ...one, fact: { ...one.fact, status: 'PENDING' as const } } : one,
    );
    await again.add(changed);
    const outcome = await again.settle('write');
    expect(outcome).toMatchObject({ written: false, counts: { unchanged: 2498 }, refused: 2 });
    expect(outcome.refusals.map(({ place }) => place.record)).toEqual([1000, 2000]);
    other.close();
    await store.close();
  });

  it('gives each event of the history an id of its own', async () => {
    const { store, importing, other } = await started([fact(1), fact(2), fact(3)]);
    await importing.settle('write');
    const ids = other.prepare('SELECT DISTINCT id FROM connection_events').pluck().all();
    expect(ids).toHaveLength(3);
    other.close();
    await store.close();
  });

  it('completes no connection that somebody deleted meanwhile with a wish, but makes it anew', async () => {
    let meanwhile: (() => void) | undefined;
    const { store, importing, other } = await started([fact(1)], {
      trace: (statement) => {
        if (statement !== 'BEGIN IMMEDIATE') return;
        meanwhile?.();
        meanwhile = undefined;
      },
    });
    await importing.settle('write');
    const wishing = store.imports.begin();
    const codebuildRoleArn = 'arn:aws:iam::222222222222:role/build';
    if (!isRoleArn(codebuildRoleArn)) throw new Error(codebuildRoleArn);
    await wishing.add([
      {
        kind: 'wish',
        place: { record: 1 },
        wish: {
          region: region('us-east-1'),
          environmentName: 'e1',
          managementAccountId: MANAGEMENT,
          environmentAccountId: ENVIRONMENT,
          roleArn: null,
          componentRoleArn: null,
          codebuildRoleArn,
          tags: [],
        },
      },
    ]);
    expect(await wishing.settle('judge')).toMatchObject({ counts: { completed: 1, new: 0 } });
    const before = other.prepare('SELECT id FROM connections').pluck().get();
    meanwhile = () => {
      other.exec('DELETE FROM connections');
    };
    expect(await wishing.settle('write')).toMatchObject({ written: true, counts: { new: 1, completed: 0 } });
    const made = other.prepare('SELECT id, status FROM connections').all() as readonly { id: string }[];
    expect(made).toMatchObject([{ status: 'PENDING' }]);
    expect(made[0]?.id).not.toBe(before);
    const event = other.prepare('SELECT connection_id FROM connection_events ORDER BY sequence DESC');
    expect(event.pluck().get()).toBe(made[0]?.id);
    other.close();
    await store.close();
  });

  it('exports what there was when it began, however slowly it is read', async () => {
    const { store, importing, other } = await started([fact(1), fact(2), fact(3)]);
    await importing.settle('write');
    const reading = store.exports.connections()[Symbol.iterator]();
    reading.next();
    other.exec('DELETE FROM connections');
    expect([reading.next().done, reading.next().done, reading.next().done]).toEqual([false, false, true]);
    other.close();
    await store.close();
  });
});
