import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

import BetterSqlite3 from 'better-sqlite3';

import { testUnless } from '../support/aws-commands';
import { useTemporaryFolder } from '../support/folder';
import { request } from '../support/graphql-client';
import { startServerProcess } from '../support/server-process';
import { versionOf } from '../support/shell';

const folder = useTemporaryFolder();
const prlimitMissing = versionOf('prlimit') === '' ? 'there is no prlimit here' : undefined;

const CREATE = `mutation Create($name: String!) {
  createEnvironmentAccountConnection(
    input: { managementAccountId: "111111111111", environmentAccountId: "222222222222", environmentName: $name }
  ) { success error { code } }
}`;
const COUNT = '{ environmentAccountConnections { totalCount } }';

describe('A server whose disk is full', () => {
  testUnless(
    prlimitMissing,
    'reads, writes nothing, is not ready, and goes on without a restart once there is space',
    async () => {
      const location = folder.path('proton.db');
      // Only the soft limit of the file size is set, so that it can be raised again.
      const {
        url,
        admin = '',
        child,
        end,
      } = await startServerProcess(
        { DATABASE_URL: `sqlite:${location}` },
        { prelude: 'ulimit -S -f 1000000' },
      );
      const allow = (bytes: string) =>
        execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}:`]);
      const create = async (name: string) => JSON.stringify(await request(url, CREATE, { name }));
      const count = async () => (await request(url, COUNT)).data;
      const ready = async () => (await fetch(`${admin}/health/ready`)).status;
      expect(await create('a')).toContain('"success":true');
      expect(await ready()).toBe(200);

      allow(String(statSync(`${location}-wal`).size + 1_000));
      for (const name of ['b', 'c']) expect(await create(name)).toContain('"UNAVAILABLE"');
      expect(await count()).toEqual({ environmentAccountConnections: { totalCount: 1 } });
      expect(await ready()).toBe(503);

      allow('unlimited');
      while ((await ready()) !== 200) await wait(50);
      expect(await create('d')).toContain('"success":true');
      expect(await end('SIGTERM')).toBe(0);
      const database = new BetterSqlite3(location);
      expect(database.prepare('SELECT environment_name FROM connections').pluck().all().toSorted()).toEqual([
        'a',
        'd',
      ]);
      expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
      database.close();
    },
  );
});
