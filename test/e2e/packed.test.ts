import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { useTemporaryFolder } from '../support/folder';
import { dataOf } from '../support/graphql-client';
import { environmentWith, PROJECT } from '../support/server-process';

const run = promisify(execFile);
const folder = useTemporaryFolder();

const CREATE = `mutation {
  createEnvironmentAccountConnection(
    input: {
      managementAccountId: "111111111111"
      environmentName: "payments-prod"
      roleArn: "arn:aws:iam::222222222222:role/proton-provisioning"
    }
  ) {
    success
    data {
      id
    }
  }
}`;

describe('The packed project', () => {
  it('contains only the files that the server needs', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: PROJECT,
    });
    const [packed] = JSON.parse(stdout) as [{ readonly files: readonly { readonly path: string }[] }];
    const paths = packed.files.map(({ path }) => path);
    // npm always packs the README.
    expect(paths.filter((path) => !/^(bin|dist|schema)\//.test(path))).toEqual(['README.md', 'package.json']);
    expect(paths.filter((path) => /\.map$|\.ts$|tsbuildinfo/.test(path))).toEqual([]);
    expect(paths).toEqual(
      expect.arrayContaining([
        'bin/proton-subgraph.js',
        'dist/main.js',
        'dist/cli/main.js',
        'schema/schema.graphql',
      ]),
    );
  });

  it('can be installed into an empty folder and served from there', async () => {
    const packed = await run(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--pack-destination', folder.path('.')],
      {
        cwd: PROJECT,
      },
    );
    const [{ filename }] = JSON.parse(packed.stdout) as [{ readonly filename: string }];
    // Uses the installed SQLite, because compiling it takes minutes if there is no prebuilt binary.
    const sqlite = `file:${join(PROJECT, 'node_modules', 'better-sqlite3')}`;
    writeFileSync(
      folder.path('package.json'),
      JSON.stringify({
        private: true,
        dependencies: { 'better-sqlite3': sqlite, 'proton-subgraph': `file:${filename}` },
        overrides: { 'better-sqlite3': '$better-sqlite3' },
      }),
    );
    const cwd = folder.path('.');
    const env = environmentWith({ PORT: '0', ADMIN_PORT: '0', PROTON_ENDPOINT_PORT: '0' });
    await run('npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'], { cwd });

    const command = folder.path('node_modules/.bin/proton-subgraph');
    const server = spawn(command, ['serve'], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(server, 'exit');
    const url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: server.stdout }).on('line', (line) => {
        const ready = /ready at (http:[^\s"]+)/.exec(line)?.[1];
        if (ready !== undefined) resolve(ready);
      });
      void exited.then(([code]) => {
        reject(new Error(`the server ended with ${String(code)} before it was ready`));
      });
    });
    const created = await dataOf(url, CREATE);
    expect(created).toMatchObject({ createEnvironmentAccountConnection: { success: true } });
    expect(await dataOf(url, '{ environmentAccountConnections { nodes { environmentName } } }')).toEqual({
      environmentAccountConnections: { nodes: [{ environmentName: 'payments-prod' }] },
    });

    const exported = await run(command, ['export'], { cwd, env });
    expect(JSON.parse(exported.stdout)).toMatchObject({
      environmentAccountConnections: [{ environmentName: 'payments-prod', status: 'PENDING' }],
    });
    server.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });
});
