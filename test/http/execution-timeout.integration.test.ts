import { pino } from 'pino';

import { NO_AUTHENTICATION } from '../../src/authentication/authentication';
import { readConfig } from '../../src/config/config';
import { createGraphqlServer } from '../../src/http/graphql-server';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { createContext } from '../../src/subgraph/context';
import { startApp, type RunningApp } from '../support/app';
import { startFaultProxy, type Exchange, type FaultProxy } from '../support/fault-proxy';
import { request } from '../support/graphql-client';
import { createControlPlane, ENVIRONMENT, MANAGEMENT } from '../support/proton';
import { startServerProcess, type ServerProcess } from '../support/server-process';

/** Tests with a Proton endpoint that never responds, and a call timeout much longer than the execution timeout. */

let behind: RunningApp;
let proxy: FaultProxy;
let server: ServerProcess;

beforeAll(async () => {
  behind = await startApp();
  proxy = await startFaultProxy(behind.protonEndpoint ?? '');
  server = await startServerProcess({
    EXECUTION_TIMEOUT_MS: '700',
    PROTON_TIMEOUT_MS: '60000',
    PROTON_UPSTREAM: proxy.origin,
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

/** Makes the proxy hold all calls from now on. Returns the calls. */
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

it('responds with 504 and its code when execution takes too long, and aborts active calls', async () => {
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

it('starts no further write of the same document', async () => {
  const held = hang();
  const response = await post(`mutation { a: ${create('first')} b: ${create('second')} }`);
  expect(response.status).toBe(504);
  await Promise.all(held.map(({ abandoned }) => abandoned));
  // A round trip to the endpoint: a further write would arrive before it.
  proxy.use((exchange) => {
    held.push(exchange);
    return undefined;
  });
  await post('{ environmentAccountConnections { nodes { id } } }');
  const bodies = held.filter(({ operation }) => operation.startsWith('Create')).map(({ body }) => body);
  expect(bodies.join('\n')).toContain('first');
  expect(bodies.join('\n')).not.toContain('second');
});

it('handles the next request normally', async () => {
  proxy.use(() => undefined);
  const response = await post(`mutation { ${create('third')} }`);
  expect(await response.json()).toEqual({ data: { createEnvironmentAccountConnection: { success: true } } });
});

describe('A document that blocks the event loop', () => {
  it('times out even though the timer was blocked too', async () => {
    const { service } = createControlPlane();
    const executionMs = 500;
    const server = createGraphqlServer({
      address: { host: '127.0.0.1', port: 0 },
      introspectionEnabled: false,
      logger: pino({ level: 'silent' }),
      reportFault: () => undefined,
      authentication: NO_AUTHENTICATION,
      limits: readConfig({}).limits,
      executionMs,
      contextFor: (_request, deadline) => {
        const blocking: typeof service = {
          ...service,
          session(...parameters) {
            const session = service.session(...parameters);
            const countConnections: typeof session.countConnections = (selections) => {
              const until = performance.now() + executionMs;
              while (performance.now() < until);
              return session.countConnections(selections);
            };
            return Object.assign(Object.create(session) as typeof session, { countConnections });
          },
        };
        return createContext(blocking, unrestrictedViewer('anonymous'), () => undefined, deadline);
      },
    });
    const response = await request(await server.start(), '{ environmentAccountConnections { totalCount } }');
    expect(response).toMatchObject({ errors: [{ extensions: { code: 'EXECUTION_TIMEOUT' } }] });
    expect(response.data).toBeUndefined();
    await server.stop();
  });

  it('waits for others like it while cheap requests are served, and is rejected when it waits too long', async () => {
    const { url, admin = '', end } = await startServerProcess({ EXECUTION_TIMEOUT_MS: '1000' });
    const ask = (query: string) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
    for (let page = 0; page < 4; page += 1) {
      const some = Array.from(
        { length: 25 },
        (_, index) => `a${String(index)}: ${create(`e-${String(page)}-${String(index)}`)}`,
      );
      // Repeated on a slow machine. Connections that exist already stay as they are.
      while ((await ask(`mutation { ${some.join(' ')} }`)).status !== 200);
    }
    const expensive =
      '{ environmentAccountConnections(first: 98) { nodes { managementAccount { environmentAccountConnections(first: 98) { nodes { id arn roleArn createdAt } } } } } }';
    let responded = 0;
    const flood = Array.from({ length: 40 }, async () => {
      const response = await ask(expensive);
      const text = await response.text();
      responded += 1;
      return { status: response.status, retryAfter: response.headers.get('retry-after'), text };
    });
    const between: number[] = [];
    while (responded < flood.length) {
      expect((await fetch(`${admin}/health/live`)).status).toBe(200);
      expect((await ask('{ __typename }')).status).toBe(200);
      between.push(responded);
    }
    // Cheap requests were served before all expensive ones had a response.
    expect(between.filter((count) => count < flood.length).length).toBeGreaterThan(0);
    const responses = await Promise.all(flood);
    const rejected = responses.filter(({ status }) => status === 503);
    expect(rejected.length).toBeGreaterThan(0);
    for (const { retryAfter, text } of rejected) {
      expect(retryAfter).toBe('1');
      expect(text).toContain('"code":"OVERLOADED"');
    }
    expect([200, 503, 504]).toEqual(expect.arrayContaining(responses.map(({ status }) => status)));
    expect(await end('SIGTERM')).toBe(0);
  });
});
