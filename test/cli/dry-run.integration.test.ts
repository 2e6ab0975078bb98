import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import BetterSqlite3 from 'better-sqlite3';

import { MIGRATIONS } from '../../src/control-plane/sqlite/migrations';
import { PROJECT } from '../support/server-process';
import { command, commandProcess, commandToEnd } from './command';
import { listed, record, useImports } from './import-fixture';

const { importContent, importFiles, file, folder, env } = useImports();

const location = () => folder.path('proton.db');

/** A store as the first version created it. */
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

/** The schema version, which SQLite keeps in the header of the file. */
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
      'that is read-only',
      async () => {
        await importContent(listed());
        chmodSync(location(), 0o444);
      },
      MIGRATIONS.length,
      1,
    ],
  ])('does not change a single byte of a store %s', async (_state, make, version, taken) => {
    await make();
    const before = readFileSync(location());
    const { files } = await importFiles([file('one.json', listed(record())), '--dry-run']);
    expect(files).toMatchObject([{ new: taken, refused: 1 - taken }]);
    const after = readFileSync(location());
    expect(after.equals(before)).toBe(true);
    expect(versionIn(after)).toBe(version);
  });

  it('does not wait for a writer, and sees what was committed', async () => {
    await importContent(record());
    const server = new BetterSqlite3(location(), { timeout: 0 });
    server.exec("BEGIN IMMEDIATE; UPDATE connections SET environment_name = 'other'");
    const { files } = await importFiles([file('one.json', listed(record())), '--dry-run']);
    const exported = await command(['export'], { env: env() });
    server.exec('ROLLBACK');
    server.close();
    expect(files).toMatchObject([{ result: 'taken', unchanged: 1 }]);
    expect(exported).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('payments-staging') as string,
    });
  });

  it('removes its temporary files, even when it is interrupted', async () => {
    await importContent(record());
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

  it('names the temporary folder when it can’t create a copy there', async () => {
    const words = ['import', file('one.json', record()), '--dry-run'];
    const { code, stderr } = await commandToEnd(words, { env: { ...env(), TMPDIR: folder.path('none') } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^A dry run works on a copy .* there is no such file or folder\. .*set TMPDIR/);
  });

  it('names the folder for temporary files and TMPDIR when that folder is full, at whatever step', async () => {
    await importContent(listed(...manyRecords(300)));
    const words = ['import', file('one.json', listed(...manyRecords(600))), '--dry-run'];
    const noStore = { DATABASE_URL: `sqlite:${folder.path('none/proton.db')}` };
    // The limits fail each step, from the first page of the copy to its last write. The store's own WAL index takes 32 kB.
    const cases = [
      [16, noStore],
      [160, noStore],
      [64, env()],
      [320, env()],
    ] as const;
    const ended = await Promise.all(
      cases.map(([kilobytes, store]) =>
        withFileSizeLimit(kilobytes, words, { ...store, TMPDIR: folder.path('.') }),
      ),
    );
    const stderr = expect.stringMatching(
      `^A dry run works on a copy of the store, which can't be made in ${folder.path('.')}: there is no space left.*\\. Make space there, or set TMPDIR to another folder\\.\n$`,
    ) as string;
    expect(ended).toEqual(cases.map(() => ({ code: 1, stderr })));
    expect(existsSync(folder.path('none'))).toBe(false);
  });
});

function manyRecords(count: number) {
  return Array.from({ length: count }, (_, index) => {
    const tail = String(index).padStart(12, '0');
    return record({ id: `a1b2c3d4-5678-4abc-9def-${tail}`, environmentName: `e${tail}` });
  });
}

/** Runs a command with a limit on the size of files, which has the same effect as a full disk. */
async function withFileSizeLimit(
  kilobytes: number,
  words: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<{ readonly code: unknown; readonly stderr: string }> {
  // ulimit counts blocks of 512 bytes. With the signal ignored, a write beyond the limit fails and does not end the process.
  const limited = `trap '' XFSZ; ulimit -f ${String(kilobytes * 2)}; exec "$0" "$@"`;
  const script = join(PROJECT, 'bin', 'proton-subgraph.js');
  const child = spawn('/bin/sh', ['-c', limited, process.execPath, script, ...words], { env: variables });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  await once(child, 'close');
  return { code: child.exitCode, stderr };
}
