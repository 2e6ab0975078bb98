import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import { useTemporaryFolder } from '../support/folder';
import { command } from './command';

const folder = useTemporaryFolder();
const KEY = { ACCESS_KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64') };
const database = () => ({ DATABASE_URL: `sqlite:${folder.path('data/proton.db')}` });

async function create(words: readonly string[] = []): Promise<string> {
  const { stdout } = await command(['access-key', 'create', '--account', '222222222222', ...words], {
    env: { ...database(), ...KEY },
  });
  return stdout;
}

async function createdKey(): Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string }> {
  return JSON.parse(await create(['--json'])) as { accessKeyId: string; secretAccessKey: string };
}

const keys = (...words: readonly string[]) => command(['access-key', ...words], { env: database() });

describe('Access keys', () => {
  it('are shown once, with the shell commands to use them', async () => {
    const shown = await create();
    const [, id, secret] =
      /^export AWS_ACCESS_KEY_ID=(AKIA[A-Z2-7]{16})\nexport AWS_SECRET_ACCESS_KEY=(\S{40})$/m.exec(shown) ??
      [];
    expect(shown).toContain(`Access key id      ${String(id)}\n`);
    expect(shown).toContain(`Secret access key  ${String(secret)}\n`);
    const list = await keys('list');
    expect(list.stdout).toContain(id);
    expect(list.stdout).not.toContain(secret);
  });

  it('are listed in aligned columns, without the encryption key', async () => {
    const first = await createdKey();
    const second = await createdKey();
    await keys('revoke', first.accessKeyId);
    const { code, stdout } = await keys('list');
    expect(code).toBe(0);
    const [head = '', ...rows] = stdout.trimEnd().split('\n');
    const at = ['ID', 'ACCOUNT', 'CREATED', 'STATUS'].map((title) => head.indexOf(title));
    const cells = rows.map((row) => at.map((from, index) => row.slice(from, at[index + 1]).trim()));
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
    expect(cells.toSorted()).toEqual(
      [
        [first.accessKeyId, '222222222222', time, expect.stringMatching(/^revoked \d{4}-/) as string],
        [second.accessKeyId, '222222222222', time, 'active'],
      ].toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    );
    const json = JSON.parse((await keys('list', '--json')).stdout) as { accessKeys: readonly unknown[] };
    expect(json.accessKeys).toContainEqual({
      accessKeyId: second.accessKeyId,
      accountId: '222222222222',
      createdAt: time,
      revokedAt: null,
    });
  });

  it('are revoked permanently, which an open store sees at once', async () => {
    const { accessKeyId } = await createdKey();
    const server = openSqliteStore({ location: folder.path('data/proton.db') });
    const first = await keys('revoke', accessKeyId);
    const seen = await server.accessKeys.find(accessKeyId);
    expect(seen?.revokedAt).not.toBeNull();
    const second = await keys('revoke', accessKeyId);
    expect(await server.accessKeys.find(accessKeyId)).toEqual(seen);
    await server.close();
    expect(first).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('It is refused from now on') as string,
    });
    expect(second).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('was already revoked') as string,
    });
  });

  it('can’t be revoked if the id does not exist', async () => {
    await createdKey();
    expect(await keys('revoke', 'AKIAUNKNOWN')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'There is no access key AKIAUNKNOWN. `proton-subgraph access-key list` shows all keys.\n',
    });
  });

  it('can’t be created without the encryption key, or with another one, and create no database then', async () => {
    const words = ['access-key', 'create', '--account', '222222222222'];
    const without = await command(words, { env: database() });
    expect(without.code).toBe(1);
    expect(without.stderr).toMatch(/^ACCESS_KEY_ENCRYPTION_KEY must be set .*`openssl rand -base64 32`/);
    expect(existsSync(folder.path('data'))).toBe(false);
    await createdKey();
    const other = { ACCESS_KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64') };
    const under = await command(words, { env: { ...database(), ...other } });
    expect(under.code).toBe(1);
    expect(under.stderr).toMatch(/^ACCESS_KEY_ENCRYPTION_KEY is not the one/);
    expect(under.stderr).not.toMatch(/^\s+at /m);
  });
});

describe('A list of access keys', () => {
  it('needs only DATABASE_URL of the server’s variables', async () => {
    const { accessKeyId } = await createdKey();
    const env = { ...database(), PROTON_ENDPOINT_AUTH: 'sigv4', PORT: 'x', AWS_REGION: 'mars' };
    const { code, stdout } = await command(['access-key', 'list'], { env });
    expect(code).toBe(0);
    expect(stdout).toContain(accessKeyId);
  });

  it('says that there are no keys', async () => {
    const store = openSqliteStore({ location: folder.path('other.db') });
    await store.close();
    const env = { DATABASE_URL: `sqlite:${folder.path('other.db')}` };
    expect(await command(['access-key', 'list'], { env })).toEqual({
      code: 0,
      stdout: '',
      stderr: 'There are no access keys.\n',
    });
    expect((await command(['access-key', 'list', '--json'], { env })).stdout).toBe(
      '{\n  "accessKeys": []\n}\n',
    );
  });
});

describe('The command', () => {
  it.each([
    [[], /Usage: proton-subgraph/],
    [['imprt', 'x'], /unknown command 'imprt'/],
    [['import'], /missing required argument 'file'/],
    [['import', 'x', '--account', '12'], /--account <id>.*It must be 12 digits/],
    [['import', 'x', '--region', 'mars'], /--region <region>.*It must be an AWS Region/],
    [['import', '-', '-'], /Standard input, -, can be read once only/],
    [['export', 'x'], /too many arguments/],
    [['backup'], /missing required argument 'file'/],
    [['restore'], /missing required argument 'file'/],
    [['access-key', 'create'], /required option '--account <id>' not specified/],
    [['access-key', 'create', '--account', '22222222222x'], /It must be 12 digits/],
    [['access-key', 'revoke'], /missing required argument 'key-id'/],
    [['export', '--nope'], /unknown option '--nope'/],
  ])('exits with 2 for an invalid command line: %j', async (words, message) => {
    const { code, stdout, stderr } = await command(words, { env: database() });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(existsSync(folder.path('data'))).toBe(false);
  });

  it.each([
    [['--help']],
    [['import', '--help']],
    [['export', '-h']],
    [['backup', '--help']],
    [['restore', '--help']],
    [['access-key', '--help']],
    [['access-key', 'create', '--help']],
    [['access-key', 'list', '--help']],
    [['access-key', 'revoke', '--help']],
  ])('has help with examples: %j', async (words) => {
    const { code, stdout } = await command(words);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: proton-subgraph/);
    expect(stdout).toMatch(/Examples?:\n {2}(.*\n)*?.*proton-subgraph /);
    expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });

  it.each<[Readonly<Record<string, string>>, RegExp]>([
    [{ DATABASE_URL: 'mysql://x' }, /^The configuration has mistakes:\n {2}DATABASE_URL /],
    [
      { PROTON_UPSTREAM: 'aws', PROTON_ACCOUNTS: '222222222222' },
      /^PROTON_UPSTREAM is set, so the connections are kept elsewhere/,
    ],
    [{ DATABASE_URL: 'sqlite::memory:' }, /^DATABASE_URL is sqlite::memory:, .* Set it to sqlite:PATH/],
    [{ DATABASE_URL: `sqlite:${__filename}` }, /is not a SQLite database, or is damaged/],
  ])('reports an invalid configuration: %j', async (env, message) => {
    for (const words of [
      ['access-key', 'list'],
      ['import', __filename],
      ['import', __filename, '--dry-run'],
      ['export'],
      ['backup', 'never.db'],
      ['restore', join(__dirname, 'command.ts')],
    ]) {
      const { code, stdout, stderr } = await command(words, { env });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
  });
});
