import { startApp, type RunningApp } from '../support/app';
import { startFaultProxy, type Exchange, type FaultProxy } from '../support/fault-proxy';
import { ENVIRONMENT, MANAGEMENT } from '../support/proton';
import { startServerProcess, type ServerProcess } from '../support/server-process';

/** A Proton endpoint that never answers, and a server that would wait for it far longer than it may. */

let behind: RunningApp;
let proxy: FaultProxy;
let server: ServerProcess;

beforeAll(async () => {
  behind = await startApp();
  proxy = await startFaultProxy(behind.protonEndpoint ?? '');
  server = await startServerProcess({
    EXECUTION_TIMEOUT_MS: '700',
    PROTON_TIMEOUT_MS: '60000',
    PROTON_ENDPOINT: proxy.origin,
    PROTON_ACCOUNTS: ENVIRONMENT,
    AWS_ACCESS_KEY_ID: ENVIRONMENT,
    AWS_SECRET_ACCESS_KEY: 'secret',
  });
});

afterAll(async () => {
  await server.end('SIGTERM');
  await proxy.stop();
  await behind.stop();
});

/** Lets nothing through from now on, and keeps what came. */
function hang(): Exchange[] {
  const held: Exchange[] = [];
  proxy.use((exchange) => {
    held.push(exchange);
    return () => undefined;
  });
  return held;
}

const post = (query: string) =>
  fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });

const create = (name: string) =>
  `createEnvironmentAccountConnection(input: { managementAccountId: "${MANAGEMENT}", environmentAccountId: "${ENVIRONMENT}", environmentName: "${name}", roleArn: "arn:aws:iam::${ENVIRONMENT}:role/proton" }) { success }`;

it('answers 504 with its code when execution takes too long, and gives up the calls that are under way', async () => {
  const held = hang();
  const response = await post('{ environmentAccountConnections { nodes { id } } }');
  expect(response.status).toBe(504);
  expect(await response.json()).toEqual({
    errors: [
      {
        message: expect.stringMatching(
          /given up after 700 ms\. A write in it may have been carried out/,
        ) as string,
        extensions: { code: 'EXECUTION_TIMEOUT' },
      },
    ],
  });
  expect(held.length).toBeGreaterThan(0);
  await Promise.all(held.map(({ abandoned }) => abandoned));
});

it('begins no further write of the same document', async () => {
  const held = hang();
  const response = await post(`mutation { a: ${create('first')} b: ${create('second')} }`);
  expect(response.status).toBe(504);
  await Promise.all(held.map(({ abandoned }) => abandoned));
  // Another request on the way to the endpoint and back: what was still to come would have come before it.
  proxy.use((exchange) => {
    held.push(exchange);
    return undefined;
  });
  await post('{ environmentAccountConnections { nodes { id } } }');
  const bodies = held.filter(({ operation }) => operation.startsWith('Create')).map(({ body }) => body);
  expect(bodies.join('\n')).toContain('first');
  expect(bodies.join('\n')).not.toContain('second');
});

it('answers the next request as if nothing had been', async () => {
  proxy.use(() => undefined);
  const response = await post(`mutation { ${create('third')} }`);
  expect(await response.json()).toEqual({ data: { createEnvironmentAccountConnection: { success: true } } });
});
