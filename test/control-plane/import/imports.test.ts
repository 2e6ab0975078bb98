import BetterSqlite3 from 'better-sqlite3';

import { isRoleArn } from '../../../src/proton/identifiers';
import type { ConnectionImport, ConnectionRecord } from '../../../src/control-plane/import/import-store';
import { openSqliteStore } from '../../../src/control-plane/sqlite/sqlite-store';
import type { Store } from '../../../src/control-plane/store';
import { useTemporaryFolder } from '../../support/folder';
import { createControlPlane, ENVIRONMENT, MANAGEMENT, region } from '../../support/proton';
import { connectionRecord, describeImports } from './imports.contract';

const folder = useTemporaryFolder();

async function started(
  records: readonly ConnectionRecord[],
  options: Omit<Parameters<typeof openSqliteStore>[0], 'location'> = {},
): Promise<{
  readonly store: Store;
  readonly importing: ConnectionImport;
  readonly other: BetterSqlite3.Database;
}> {
  const location = folder.path('proton.db');
  const store = openSqliteStore({ location, ...options });
  const importing = await store.imports.begin();
  await importing.add(records);
  return { store, importing, other: new BetterSqlite3(location, { timeout: 0 }) };
}

const rows = (database: BetterSqlite3.Database, table: string) =>
  database.prepare(`SELECT count(*) FROM ${table}`).pluck().get();

const SAME_IDENTITY = `INSERT INTO connections VALUES (?, 'us-east-1', 'PENDING', 'e1', '${MANAGEMENT}', '${ENVIRONMENT}', NULL, NULL, NULL, 0, 0, '[]')`;

describe('An import into the SQLite store', () => {
  it('does not block other processes while it stages and compares records', async () => {
    const { store, importing, other } = await started([connectionRecord(1)]);
    other.exec('BEGIN IMMEDIATE');
    await importing.add([connectionRecord(2)]);
    expect(await importing.settle('compare')).toMatchObject({
      written: false,
      counts: { new: 2 },
      refused: 0,
    });
    other.exec('ROLLBACK');
    expect(rows(other, 'connections')).toBe(0);
    other.close();
    await store.close();
  });

  it('compares again when another process has written while it waited for the lock', async () => {
    const statements: string[] = [];
    let meanwhile: (() => void) | undefined;
    const { store, importing, other } = await started([connectionRecord(1), connectionRecord(2)], {
      trace: (statement) => {
        statements.push(statement);
        if (statement === 'BEGIN IMMEDIATE') meanwhile?.();
        if (statement === 'BEGIN IMMEDIATE') meanwhile = undefined;
      },
    });
    meanwhile = () => other.prepare(SAME_IDENTITY).run('other');
    const outcome = await importing.settle('write');
    expect(outcome).toMatchObject({ written: false, refused: 1 });
    expect(outcome.refusals).toMatchObject([
      { location: { record: 1 }, reasons: [expect.stringContaining('as other, which is PENDING here')] },
    ]);
    expect([rows(other, 'connections'), rows(other, 'connection_events')]).toEqual([1, 0]);
    // Once the other connection is deleted, the import succeeds: the first attempt left nothing.
    other.exec('DELETE FROM connections');
    expect(await importing.settle('write')).toMatchObject({ written: true, counts: { new: 2 } });
    expect([rows(other, 'connections'), rows(other, 'connection_events')]).toEqual([2, 2]);
    other.close();
    await store.close();
  });

  it('waits for the lock, and fails with UNAVAILABLE when that takes too long', async () => {
    const { store, importing, other } = await started([connectionRecord(1)], { lockTimeoutMs: 50 });
    other.exec('BEGIN IMMEDIATE');
    await expect(importing.settle('write')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    other.exec('COMMIT');
    expect(await importing.settle('write')).toMatchObject({ written: true });
    expect(rows(other, 'connections')).toBe(1);
    other.close();
    await store.close();
  });

  it('changes nothing when its write fails half way', async () => {
    const { store, importing, other } = await started([connectionRecord(1), connectionRecord(2)]);
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

  it('takes no lock when it changes nothing', async () => {
    const one = connectionRecord(1);
    const { store, importing, other } = await started([one], { lockTimeoutMs: 0 });
    await importing.settle('write');
    const again = await store.imports.begin();
    await again.add([one]);
    other.exec('BEGIN IMMEDIATE');
    expect(await again.settle('write')).toMatchObject({ written: true, counts: { new: 0, unchanged: 1 } });
    other.exec('ROLLBACK');
    other.close();
    await store.close();
  });

  it('creates a declared connection again when the one that it would complete was deleted meanwhile', async () => {
    let meanwhile: (() => void) | undefined;
    const { store, importing, other } = await started([connectionRecord(1)], {
      trace: (statement) => {
        if (statement !== 'BEGIN IMMEDIATE') return;
        meanwhile?.();
        meanwhile = undefined;
      },
    });
    await importing.settle('write');
    const declaring = await store.imports.begin();
    const codebuildRoleArn = 'arn:aws:iam::222222222222:role/build';
    if (!isRoleArn(codebuildRoleArn)) throw new Error(codebuildRoleArn);
    await declaring.add([
      {
        kind: 'declaration',
        location: { record: 1 },
        declaration: {
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
    expect(await declaring.settle('compare')).toMatchObject({ counts: { completed: 1, new: 0 } });
    const before = other.prepare('SELECT id FROM connections').pluck().get();
    meanwhile = () => {
      other.exec('DELETE FROM connections');
    };
    expect(await declaring.settle('write')).toMatchObject({
      written: true,
      counts: { new: 1, completed: 0 },
    });
    const created = other.prepare('SELECT id, status FROM connections').all() as readonly { id: string }[];
    expect(created).toMatchObject([{ status: 'PENDING' }]);
    expect(created[0]?.id).not.toBe(before);
    const event = other.prepare('SELECT connection_id FROM connection_events ORDER BY sequence DESC');
    expect(event.pluck().get()).toBe(created[0]?.id);
    other.close();
    await store.close();
  });

  it('exports the connections of one moment, however slowly they are read', async () => {
    const { store, importing, other } = await started([
      connectionRecord(1),
      connectionRecord(2),
      connectionRecord(3),
    ]);
    await importing.settle('write');
    let exported = 0;
    for await (const { environmentName } of store.exports.connections()) {
      if (exported === 0) other.exec('DELETE FROM connections');
      expect(environmentName).toMatch(/^e[123]$/);
      exported += 1;
    }
    expect(exported).toBe(3);
    other.close();
    await store.close();
  });
});

describeImports('SQLite', () => {
  const plane = createControlPlane();
  return Promise.resolve({ ...plane, end: plane.store.close });
});
