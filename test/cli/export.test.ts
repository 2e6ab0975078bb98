import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';

import BetterSqlite3 from 'better-sqlite3';
import fc from 'fast-check';

import { writeAtomically } from '../../src/cli/files';
import { ConnectionStatus, type Connection } from '../../src/proton/connection';
import { isConnectionId, isRoleArn, partitionOf, type RoleArn } from '../../src/proton/identifiers';
import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import { account, createControlPlane, ENVIRONMENT, MANAGEMENT, region } from '../support/proton';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { command } from './command';
import { ID, listed, OTHER_ID, record, useImports } from './import-fixture';

const { importContent, stored, env, folder } = useImports();

async function exported(words: readonly string[] = []): Promise<unknown> {
  const { code, stdout, stderr } = await command(['export', ...words], { env: env() });
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const tagText = fc.string({
  unit: fc.constantFrom(
    'a',
    'Z',
    '9',
    'ö',
    '京',
    '𠮷',
    'é',
    ' ',
    '*',
    '_',
    '.',
    ':',
    '/',
    '=',
    '+',
    '-',
    '@',
  ),
  maxLength: 20,
});

/** Any connection that the store can contain. */
const connections: fc.Arbitrary<readonly Connection[]> = fc.uniqueArray(
  fc
    .record({
      uuid: fc.uuid(),
      region: fc.constantFrom('us-east-1', 'cn-north-1', 'us-gov-west-1'),
      status: fc.constantFrom(...Object.values(ConnectionStatus)),
      environmentAccountId: fc.constantFrom('222222222222', '000000000001'),
      roles: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
      requestedAt: fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }),
      later: fc.integer({ min: 0, max: 1000 }),
      tags: fc.uniqueArray(fc.record({ key: tagText.filter((key) => key !== ''), value: tagText }), {
        selector: ({ key }) => key,
        maxLength: 5,
      }),
    })
    .map(({ uuid, roles, environmentAccountId, later, ...members }): Connection => {
      if (!isConnectionId(uuid)) throw new Error(uuid);
      const home = region(members.region);
      const role = (name: string, given: boolean): RoleArn | null => {
        const arn = `arn:${partitionOf(home)}:iam::${environmentAccountId}:role/path/${name}+=,.@-`;
        if (!isRoleArn(arn)) throw new Error(arn);
        return given ? arn : null;
      };
      return {
        ...members,
        id: uuid,
        region: home,
        environmentAccountId: account(environmentAccountId),
        managementAccountId: MANAGEMENT,
        environmentName: `e-${uuid}`,
        roleArn: role('a', roles[0]),
        componentRoleArn: role('b', roles[1]),
        codebuildRoleArn: role('c', roles[2]),
        lastModifiedAt: members.requestedAt + later,
      };
    }),
  { selector: ({ id }) => id, maxLength: 20 },
);

async function fill(location: string, all: readonly Connection[]): Promise<void> {
  const store = openSqliteStore({ location });
  const event = (connection: Connection) => ({
    id: connection.id,
    connectionId: connection.id,
    type: 'CREATED' as const,
    status: connection.status,
    previousStatus: null,
    actor: 'test',
    occurredAt: 0,
  });
  await store.write(
    all.map((connection) => ({
      kind: 'change',
      visibleTo: 'every',
      id: connection.id,
      decide: () => ({ kind: 'insert', connection, event: event(connection), clientToken: null }),
    })),
  );
  await store.close();
}

describe('Exporting', () => {
  it('writes what the aws CLI prints, with CodeBuild roles and tags, the newest request first', async () => {
    const tags = [{ key: 'b', value: '' }];
    const codebuildRoleArn = 'arn:aws:iam::222222222222:role/build';
    await importContent(
      listed(
        record(),
        record({
          id: OTHER_ID,
          status: 'REJECTED',
          roleArn: undefined,
          codebuildRoleArn,
          requestedAt: 1.8e9,
          tags,
        }),
      ),
    );
    const times = { requestedAt: '2024-03-04T16:41:02.481Z', lastModifiedAt: '2024-03-05T09:12:44.105Z' };
    expect(await exported()).toEqual({
      environmentAccountConnections: [
        {
          ...record({ id: OTHER_ID, status: 'REJECTED' }),
          ...times,
          roleArn: undefined,
          codebuildRoleArn,
          tags,
          requestedAt: '2027-01-15T08:00:00.000Z',
        },
        { ...record({ id: ID }), ...times },
      ],
    });
  });

  it('is imported as the same rows, whatever they contain', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(connections, async (all) => {
        run += 1;
        const [from, to] = [`from-${String(run)}.db`, `to-${String(run)}.db`].map((name) =>
          folder.path(name),
        ) as [string, string];
        await fill(from, all);
        const { stdout } = await command(['export'], { env: { DATABASE_URL: `sqlite:${from}` } });
        const { code } = await command(['import', '-'], {
          env: { DATABASE_URL: `sqlite:${to}` },
          stdin: stdout,
        });
        expect(code).toBe(0);
        const [before, after] = [from, to].map((location) => {
          const database = new BetterSqlite3(location, { fileMustExist: true });
          const rows = database.prepare('SELECT * FROM connections ORDER BY id').all();
          database.close();
          return rows;
        });
        expect(after).toEqual(before);
        expect(before).toHaveLength(all.length);
      }),
      { numRuns: 15 },
    );
  });

  it('writes everything that the control plane created, and an import finds it unchanged', async () => {
    const { service, store } = createControlPlane({ location: folder.path('proton.db') });
    const session = service.session(unrestrictedViewer('someone'));
    await session.createConnection({
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName: 'a',
      tags: [{ key: 'größe', value: '東京 𠮷' }],
    });
    await store.close();
    const before = stored();
    const file = folder.path('all.json');
    expect(await command(['export', '--output', file], { env: env() })).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
    expect(await importContent(readFileSync(file))).toMatchObject({ result: 'taken', unchanged: 1 });
    expect(stored()).toEqual(before);
  });

  it('replaces a file only after everything is written, and leaves no temporary file', async () => {
    await importContent(record());
    const file = folder.path('all.json');
    writeFileSync(file, 'old');
    await command(['export', '--output', file], { env: env() });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      environmentAccountConnections: [{ id: ID }],
    });
    expect(readdirSync(folder.path('.')).filter((name) => name.includes('part'))).toEqual([]);
    for (const output of [folder.path('none/all.json'), folder.path('.')]) {
      const { code, stderr } = await command(['export', '--output', output], { env: env() });
      expect(code).toBe(1);
      expect(stderr).toMatch(/can't be written: (there is no such file or folder|it is a folder)\.\n$/);
    }
  });

  it('keeps links and permissions, and makes a new file readable only by its owner', async () => {
    await importContent(record());
    const [target, link, dangling] = [folder.path('all.json'), folder.path('link'), folder.path('dangling')];
    writeFileSync(target, 'old');
    chmodSync(target, 0o640);
    symlinkSync('all.json', link);
    symlinkSync('new.json', dangling);
    for (const output of [link, dangling]) {
      expect(await command(['export', '--output', output], { env: env() })).toMatchObject({ code: 0 });
      expect(lstatSync(output).isSymbolicLink()).toBe(true);
      expect(readFileSync(output, 'utf8')).toContain(ID);
    }
    const modes = [target, folder.path('new.json')].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o640, 0o600]);
  });

  it('keeps the old file, and leaves no temporary file, when it fails', async () => {
    await importContent(record());
    const file = folder.path('all.json');
    writeFileSync(file, 'old');
    const broken = function* () {
      yield 'half';
      throw new Error('broken');
    };
    await expect(writeAtomically(file, broken())).rejects.toThrow('broken');
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(folder.path('.')).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('reports a damaged store, as an import does', async () => {
    await importContent(record());
    const location = folder.path('proton.db');
    const database = new BetterSqlite3(location);
    const page = database
      .prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'connections'")
      .pluck()
      .get();
    const size = Number(database.pragma('page_size', { simple: true }));
    database.close();
    const bytes = readFileSync(location);
    bytes.fill(0x55, (Number(page) - 1) * size, Number(page) * size);
    writeFileSync(location, bytes);
    const file = folder.path('connections.json');
    writeFileSync(file, JSON.stringify({ environmentAccountConnections: [record()] }));
    const damaged = {
      code: 1,
      stderr: /proton\.db is not a SQLite database, or is damaged .* Restore it from a backup/,
    };
    for (const args of [['export'], ['import', file]]) {
      const { code, stderr } = await command(args, { env: env() });
      expect(code).toBe(damaged.code);
      expect(stderr).toMatch(damaged.stderr);
    }
    expect(readFileSync(location).equals(bytes)).toBe(true);
  });

  it('reports a missing database, and does not create one', async () => {
    const { code, stderr } = await command(['export'], { env: env() });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^There is no database at .*proton\.db\. Set DATABASE_URL/);
    expect(stored).toThrow('unable to open database file');
  });

  it('writes an empty list for an empty store, which can be imported', async () => {
    await importContent(listed());
    expect(await exported()).toEqual({ environmentAccountConnections: [] });
    expect(await importContent(listed())).toMatchObject({ result: 'taken', read: 0 });
  });
});
