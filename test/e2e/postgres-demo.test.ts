import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import { Client } from 'pg';

import { useTemporaryFolder } from '../support/folder';
import { dataOf } from '../support/graphql-client';
import { describeWithPostgres } from '../support/postgres';
import { environmentWith, PROJECT } from '../support/server-process';

const CREATE = `mutation {
  createEnvironmentAccountConnection(input: { managementAccountId: "111111111111", environmentName: "demo" }) { success }
}`;
const COUNT = '{ environmentAccountConnections { totalCount } }';

interface Demo {
  readonly url: string;
  readonly postgresPort: number;
  /** Sends what Ctrl-C in a terminal sends, and resolves with the exit code. */
  readonly interrupt: () => Promise<number | null>;
}

describeWithPostgres('npm run start:postgres', () => {
  const folder = useTemporaryFolder();
  const started: ChildProcessByStdio<null, Readable, Readable>[] = [];
  afterEach(() => {
    for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  });

  async function startDemo(): Promise<Demo> {
    // As root, another user runs PostgreSQL.
    chmodSync(folder.path('.'), 0o711);
    const script = join(PROJECT, 'scripts', 'postgres', 'demo.ts');
    const child = spawn(process.execPath, ['-r', '@swc-node/register', script, folder.path('postgres')], {
      cwd: PROJECT,
      env: environmentWith({ PORT: '0', ADMIN_PORT: '0', PROTON_ENDPOINT_PORT: '0' }),
      // A group of its own, to which a terminal would send signals.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.push(child);
    const exited = once(child, 'exit');
    let printed = '';
    child.stderr.on('data', (chunk: Buffer) => (printed += String(chunk)));
    for await (const line of createInterface({ input: child.stdout })) {
      printed += `${line}\n`;
      const url = /ready at (http:\S+\/graphql)/.exec(line)?.[1];
      if (url === undefined) continue;
      child.stdout.resume();
      return {
        url,
        postgresPort: Number(/ -p (\d+) /.exec(printed)?.[1]),
        async interrupt() {
          process.kill(-(child.pid ?? 0), 'SIGINT');
          await exited;
          return child.exitCode;
        },
      };
    }
    throw new Error(`the demo ended before it was ready:\n${printed}`);
  }

  it('serves from a PostgreSQL of its own, ends it with Ctrl-C, and keeps its data', async () => {
    const first = await startDemo();
    expect(await dataOf(first.url, CREATE)).toEqual({
      createEnvironmentAccountConnection: { success: true },
    });
    expect(await first.interrupt()).toBe(0);
    const client = new Client({ host: '127.0.0.1', port: first.postgresPort, user: 'postgres' });
    await expect(client.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });

    const second = await startDemo();
    expect(await dataOf(second.url, COUNT)).toEqual({ environmentAccountConnections: { totalCount: 1 } });
    expect(await second.interrupt()).toBe(0);
  });
});
