import { randomBytes } from 'node:crypto';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

import BetterSqlite3 from 'better-sqlite3';

import { openDatabase } from '../../../../src/control-plane/sqlite/file/open-database';
import { command } from '../../../cli/command';
import { listed, record } from '../../../cli/import-fixture';
import { testUnless } from '../../../support/aws-commands';
import { useTemporaryFolder } from '../../../support/folder';
import { PROJECT, runServerToEnd } from '../../../support/server-process';
import { versionOf } from '../../../support/shell';
import { smallDiskMissing, useSmallDisk } from '../../../support/small-disk';

const disk = useSmallDisk();
const folder = useTemporaryFolder();
const prlimitMissing = versionOf('prlimit') === '' ? 'there is no prlimit here' : undefined;

/** In kB. A new database has 108 kB, its log about as much, the log's index 32 kB. */
const SIZES = Array.from({ length: 100 }, (_, index) => 4 * (index + 1));
const AMPLE = 4096;

/** Expects the folder to contain nothing or an intact database. */
function expectNothingIncomplete(file: string): void {
  const left = readdirSync(disk.path('data'));
  expect(left.filter((name) => name.includes('.new-'))).toEqual([]);
  if (!existsSync(file)) expect(left).toEqual([]);
  disk.resize(AMPLE);
  const database = openDatabase(file);
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  database.close();
}

describe('A first start on an almost full disk', () => {
  const outcomes = new Set<string>();

  function expectFull(message: string): void {
    expect(message).toContain('no space left on device');
    expect(message).toContain(disk.path('data'));
    expect(message).not.toContain('damaged');
  }

  testUnless(smallDiskMissing, 'leaves no incomplete database, whatever space there is', () => {
    disk.mount(AMPLE);
    const file = disk.path('data/proton.db');
    for (const size of SIZES) {
      disk.resize(size);
      try {
        openDatabase(file).close();
        outcomes.add('opened');
      } catch (error) {
        expectFull(String(error));
        outcomes.add(existsSync(file) ? 'whole, but not opened' : 'nothing');
      }
      expectNothingIncomplete(file);
      rmSync(disk.path('data'), { recursive: true });
    }
    expect(outcomes).toContain('nothing');
    expect(outcomes).toContain('opened');
  });

  testUnless(
    smallDiskMissing,
    'leaves none when `access-key create` or `import` create the database',
    async () => {
      disk.mount(AMPLE);
      const file = disk.path('data/proton.db');
      const connections = folder.path('connections.json');
      writeFileSync(connections, JSON.stringify(listed(record())));
      const env = {
        DATABASE_URL: `sqlite:${file}`,
        ACCESS_KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      };
      for (const words of [
        ['access-key', 'create', '--account', '222222222222'],
        ['import', connections],
      ]) {
        for (const size of SIZES.filter((_, index) => index % 3 === 0)) {
          disk.resize(size);
          const { code, stderr, stdout } = await command(words, { env });
          if (code !== 0 && !existsSync(file)) expectFull(stderr);
          if (code !== 0) expect(stdout + stderr).toMatch(/no space left on device|can't take writes/);
          expectNothingIncomplete(file);
          rmSync(disk.path('data'), { recursive: true });
        }
      }
    },
  );

  testUnless(
    smallDiskMissing,
    'makes the server fail with a message about the space, and start once there is some',
    async () => {
      disk.mount(140);
      const file = disk.path('data/proton.db');
      const { code, stderr } = await runServerToEnd({ DATABASE_URL: `sqlite:${file}`, PORT: '0' });
      expect(code).toBe(1);
      expectFull(stderr);
      expectNothingIncomplete(file);
    },
  );

  testUnless(
    prlimitMissing,
    'leaves no incomplete database where a limit keeps files from growing',
    async () => {
      // In one process, which sets its own limit for each size.
      const script = `
      const { execFileSync } = require('node:child_process');
      const { openDatabase } = require('./dist/control-plane/sqlite/file/open-database');
      const [folder, ...limits] = process.argv.slice(1);
      const limit = (bytes) => execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=' + bytes + ':']);
      const outcomes = limits.map((bytes) => {
        const file = folder + '/' + bytes + '.db';
        limit(bytes);
        try { openDatabase(file).close(); return { file }; }
        catch (error) { return { file, message: error.message }; }
        finally { limit('unlimited'); }
      });
      console.log(JSON.stringify(outcomes));`;
      const limits = [...SIZES.map((size) => size * 1024), 69_632, 69_700, 70_000, 70_072];
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['-e', script, folder.path('.'), ...limits.map(String)],
        { cwd: PROJECT },
      );
      const outcomes = JSON.parse(stdout) as readonly { readonly file: string; readonly message?: string }[];
      for (const { file, message } of outcomes) {
        if (message !== undefined) expect(message).toContain('no space left on device, in the folder');
        else expect(existsSync(file)).toBe(true);
        if (!existsSync(file)) continue;
        const database = new BetterSqlite3(file, { readonly: true });
        expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
        database.close();
      }
      expect(outcomes.some(({ message }) => message === undefined)).toBe(true);
      expect(readdirSync(folder.path('.')).filter((name) => name.includes('.new-'))).toEqual([]);
    },
  );
});
