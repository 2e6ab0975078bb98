import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
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

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

describe('The packed project', () => {
  it('has only the files that the server needs, can be installed into an empty folder, and is served from there', async () => {
    const words = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder.path('.')];
    const { stdout } = await run('npm', words, { cwd: PROJECT });
    const [packed] = JSON.parse(stdout) as [Packed];
    const paths = packed.files.map(({ path }) => path);
    // npm always packs the README.
    expect(paths.filter((path) => !/^(bin|dist|schema)\//.test(path))).toEqual(['README.md', 'package.json']);
    expect(paths.filter((path) => /\.map$|\.ts$|tsbuildinfo|\/\.inputs$/.test(path))).toEqual([]);
    expect(paths).toEqual(
      expect.arrayContaining([
        'bin/proton-subgraph.js',
        'dist/main.js',
        'dist/bundle.js',
        'dist/bundle.cache',
        'dist/cli/main.js',
        'dist/console/index.html',
        'dist/explorer/index.html',
        'schema/schema.graphql',
      ]),
    );

    const dependencies = { 'proton-subgraph': `file:${packed.filename}` };
    writeFileSync(folder.path('package.json'), JSON.stringify({ private: true, dependencies }));
    copyDependencies(folder.path('.'));
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

/**
 * Copies the installed packages that are not for development alone, so that npm need not download and unpack them. npm still installs
 * what the packed project depends on and is missing here, and removes all other packages.
 */
function copyDependencies(to: string): void {
  const lock = readFileSync(join(PROJECT, 'package-lock.json'), 'utf8');
  const { packages } = JSON.parse(lock) as { packages: Readonly<Record<string, { readonly dev?: boolean }>> };
  const needed = Object.keys(packages).filter(
    (path) => /^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(path) && packages[path]?.dev !== true,
  );
  // npm installs packages again whose commands are missing.
  for (const path of ['node_modules/.bin', ...needed]) {
    const from = join(PROJECT, path);
    // Optional packages for other platforms are not installed.
    if (existsSync(from)) cpSync(from, join(to, path), { recursive: true, verbatimSymlinks: true });
  }
}
