import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { startExample, type ExampleProcess } from '../federation/example-process';
import { describeInBrowser } from '../support/browser';
import { dataOf } from '../support/graphql-client';
import { environmentWith, PROJECT } from '../support/server-process';

const FRONTEND = join(PROJECT, 'examples', 'frontend');

/** Vite's client writes to which server it is connected. */
const VITE = { expected: [/^console\.debug: \[vite\]/] };

/** Starts Vite's development server, as `npm run frontend` does, and resolves with its address. */
async function startFrontend(
  gateway: string,
): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const vite = join(FRONTEND, 'node_modules', 'vite', 'bin', 'vite.js');
  const child = spawn(
    process.execPath,
    [vite, '--host', '127.0.0.1', '--port', '0', '--clearScreen', 'false'],
    {
      cwd: FRONTEND,
      env: environmentWith({ GATEWAY_URL: gateway, NO_COLOR: '1' }),
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const address = /Local:\s+(http:\S+)/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
    child.once('exit', (code) => {
      reject(new Error(`vite ended with ${String(code)}`));
    });
  });
  return { url, child };
}

describeInBrowser('The frontend example', (browser) => {
  let supergraph: ExampleProcess;
  let frontend: Awaited<ReturnType<typeof startFrontend>>;
  beforeAll(async () => {
    supergraph = await startExample();
    frontend = await startFrontend(supergraph.gateway);
  });
  afterAll(async () => {
    const ended = once(frontend.child, 'close');
    frontend.child.kill('SIGKILL');
    supergraph.child.kill('SIGTERM');
    await Promise.all([ended, supergraph.ended]);
  });

  it('requests a connection through the gateway, lists it, and shows what others do with it as it happens', async () => {
    const page = await browser.open(frontend.url, VITE);
    await page.getByLabel('Environment name').fill('payments-prod');
    await page.getByRole('button', { name: 'Request to connect' }).click();
    const row = page.getByRole('row').filter({ hasText: 'payments-prod' });
    await row.getByText('PENDING').waitFor();

    const { environmentAccountConnections } = await dataOf<
      { environmentAccountConnections: { nodes: readonly { id: string }[] } },
      unknown
    >(supergraph.gateway, '{ environmentAccountConnections { nodes { id } } }');
    const id = environmentAccountConnections.nodes[0]?.id ?? '';
    await dataOf(
      supergraph.gateway,
      `mutation { acceptEnvironmentAccountConnection(input: { id: "${id}" }) { success } }`,
    );
    await row.getByText('CONNECTED').waitFor();

    await page.reload();
    await row.getByText('CONNECTED').waitFor();
    await dataOf(
      supergraph.gateway,
      `mutation { deleteEnvironmentAccountConnection(input: { id: "${id}" }) { success } }`,
    );
    await row.waitFor({ state: 'detached' });
    expect(await page.getByRole('row').count()).toBe(1);
  });
});
