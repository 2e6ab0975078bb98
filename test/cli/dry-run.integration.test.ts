import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import BetterSqlite3 from 'better-sqlite3';

import { MIGRATIONS } from '../../src/control-plane/sqlite/migrations';
import { command, commandProcess, commandToEnd } from './command';
import { listed, record, useMoving } from './moving';

const { take, importing, file, folder, env } = useMoving();

const location = () => folder.path('proton.db');

/** A store as the first version left it. */
function storeOfFirstVersion(): void {
  const database = new BetterSqlite3(location());
  database.exec(MIGRATIONS[0] ?? '');
  database.exec('PRAGMA application_id = 0x7072746e; PRAGMA user_version = 1');
  database.exec(
    `INSERT INTO connections VALUES ('a1b2c3d4-5678-4abc-9def-111111111111', 'us-east-1', 'PENDING', 'payments-staging',
      '111111111111', '222222222222', NULL, NULL, NULL, 0, 0, '[]')`,
  );
  database.close();
}

/** In the header of the file, where SQLite keeps it. */
const versionIn = (bytes: Buffer) => (bytes.length === 0 ? 0 : bytes.readUInt32BE(60));

describe('A dry run', () => {
  it.each<[string, () => Promise<void> | void, number, number]>([
    ['of an earlier version', storeOfFirstVersion, 1, 0],
    [
      'that is empty',
      () => {
        writeFileSync(location(), '');
      },
      0,
      1,
    ],
    [
      'that may only be read',
      async () => {
        await take(listed());
        chmodSync(location(), 0o444);
      },
      MIGRATIONS.length,
      1,
    ],
  ])('leaves a store %s as it is, byte for byte', async (_state, make, version, taken) => {
    await make();
    const before = readFileSync(location());
    const { files } = await importing([file('one.json', listed(record())), '--dry-run']);
    expect(files).toMatchObject([{ new: taken, refused: 1 - taken }]);
    const after = readFileSync(location());
    expect(after.equals(before)).toBe(true);
    expect(versionIn(after)).toBe(version);
  });

  it('does not wait for whoever is writing, and sees what was committed', async () => {
    await take(record());
    const server = new BetterSqlite3(location(), { timeout: 0 });
    server.exec("BEGIN IMMEDIATE; UPDATE connections SET environment_name = 'other'");
    const { files } = await importing([file('one.json', listed(record())), '--dry-run']);
    const exported = await command(['export'], { env: env() });
    server.exec('ROLLBACK');
    server.close();
    expect(files).toMatchObject([{ result: 'taken', unchanged: 1 }]);
    expect(exported).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('payments-staging') as string,
    });
  });

  it('leaves nothing behind, not even when it is interrupted', async () => {
    await take(record());
    const copies = folder.path('copies');
    mkdirSync(copies);
    const child = commandProcess(['import', '-', '--dry-run'], { ...env(), TMPDIR: copies });
    const ended = once(child, 'exit');
    const madeCopy = () => readdirSync(copies).some((name) => existsSync(`${copies}/${name}/proton.db`));
    while (!madeCopy() && child.exitCode === null) await delay(5);
    child.kill('SIGINT');
    expect(await ended).toEqual([null, 'SIGINT']);
    expect(readdirSync(copies)).toEqual([]);
  });

  it('says where it has no room for its copy', async () => {
    const words = ['import', file('one.json', record()), '--dry-run'];
    const { code, stderr } = await commandToEnd(words, { env: { ...env(), TMPDIR: folder.path('none') } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^A dry run works on a copy .* there is no such file or folder\. Set TMPDIR/);
  });
});
