import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { parse, print } from 'graphql';

import { composeSupergraph } from '../../examples/supergraph/compose';
import { CONNECTIONS_AND_OWNERS, REQUEST_CONNECTION } from '../../examples/supergraph/operations';
import { ConnectionsAndOwnersDocument, RequestConnectionDocument } from '../../generated/supergraph/graphql';
import { dataOf } from '../support/graphql-client';
import { PROJECT } from '../support/server-process';
import { createConnection } from './created-connections';
import { runExampleToEnd, startExample, type ExampleProcess } from './example-process';
import { accountsSdl, committedSdl } from './sdl';

async function expectNothingLeft({ gateway, proton, accounts, protonPid }: ExampleProcess): Promise<void> {
  for (const url of [gateway, proton, accounts]) await expect(fetch(url)).rejects.toThrow('fetch failed');
  expect(() => process.kill(protonPid, 0)).toThrow('ESRCH');
}

it('The example prints operations that work and each change of status with its owners, and stops everything on Ctrl-C, even when pressed twice', async () => {
  const example = await startExample();
  expect(await dataOf(example.gateway, RequestConnectionDocument)).toMatchObject({
    createEnvironmentAccountConnection: {
      success: true,
      data: { status: 'PENDING', environmentAccount: { name: 'payments-prod' } },
      error: null,
    },
  });
  expect(await dataOf(example.gateway, ConnectionsAndOwnersDocument)).toMatchObject({
    environmentAccountConnections: {
      nodes: [
        {
          environmentName: 'payments-prod',
          managementAccount: { name: 'platform', ownerTeam: 'Platform Engineering' },
          environmentAccount: { name: 'payments-prod', ownerTeam: 'Payments' },
        },
      ],
    },
    awsAccount: {
      name: 'platform',
      environmentAccountConnections: { totalCount: 1, nodes: [{ environmentName: 'payments-prod' }] },
    },
  });
  // The first changes may come before the live query has started.
  for (let attempt = 0; !example.printed().includes('live-'); attempt += 1) {
    await createConnection(example.proton, {
      managementAccountId: '111111111111',
      environmentAccountId: '222222222222',
      environmentName: `live-${String(attempt)}`,
    });
    await wait(100);
  }
  expect(example.printed()).toMatch(
    /^live-\d+: new → PENDING, in payments-prod of Payments, provisioned from platform$/m,
  );
  example.child.kill('SIGINT');
  example.child.kill('SIGINT');
  const { code, stdout, stderr } = await example.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain(REQUEST_CONNECTION);
  expect(stdout).toContain(CONNECTIONS_AND_OWNERS);
  await expectNothingLeft(example);
});

it('The example stops its other processes and reports it when proton-subgraph dies', async () => {
  const example = await startExample();
  process.kill(example.protonPid, 'SIGKILL');
  const { code, stderr } = await example.ended;
  expect({ code, stderr }).toEqual({
    code: 1,
    // The gateway's library prints an error of its own if it was about to connect to proton-subgraph.
    stderr: expect.stringMatching(
      /^proton-subgraph was ended by SIGKILL; the others have been stopped\.\n$/m,
    ) as string,
  });
  await expectNothingLeft(example);
});

describe('When a port is in use', () => {
  let other: Server;
  let taken: string;

  beforeAll(async () => {
    other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    if (address === null || typeof address === 'string') throw new Error('the other server has no port');
    taken = String(address.port);
  });

  afterAll(async () => {
    other.close();
    await once(other, 'close');
  });

  it.each(['PORT', 'ACCOUNTS_PORT', 'GATEWAY_PORT'])(
    'by another process, the error names %s, and nothing is started',
    async (variable) => {
      const { code, stdout, stderr } = await runExampleToEnd({ [variable]: taken });
      expect(code).toBe(1);
      expect(stdout).not.toContain('is ready');
      expect(stderr).toContain(taken);
      expect(stderr).toMatch(new RegExp(`\\b${variable}\\b`));
      expect(stderr).not.toContain('    at ');
    },
  );
});

it('The error names every invalid port', async () => {
  const { code, stderr } = await runExampleToEnd({ GATEWAY_PORT: 'four thousand', ACCOUNTS_PORT: '70000' });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'GATEWAY_PORT must be a port, 0 to 65535.\nACCOUNTS_PORT must be a port, 0 to 65535.\n',
  });
});

it('The error lists every reason why subgraphs do not compose', () => {
  const subgraphs = [
    { name: 'proton', url: 'http://127.0.0.1:1/graphql', sdl: committedSdl() },
    {
      name: 'accounts',
      url: 'http://127.0.0.1:2/graphql',
      sdl: accountsSdl().replace('name: String', 'name: Missing\n  environmentAccountConnections: Int'),
    },
  ];
  expect(() => composeSupergraph(subgraphs)).toThrow(
    /^The subgraphs proton and accounts do not compose:\n {2}\S/,
  );
  expect(() => composeSupergraph(subgraphs)).toThrow('Missing');
});

it('The README of the example shows the operations that it prints', () => {
  const readme = readFileSync(join(PROJECT, 'examples', 'supergraph', 'README.md'), 'utf8');
  const shown = [...readme.matchAll(/```graphql\n(.*?)```/gs)].map(([, document = '']) =>
    print(parse(document)),
  );
  expect(shown).toEqual(
    [REQUEST_CONNECTION, CONNECTIONS_AND_OWNERS].map((document) => print(parse(document))),
  );
});
