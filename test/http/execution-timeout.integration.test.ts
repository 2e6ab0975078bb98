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

describe('What keeps the event loop', () => {
  it('is not answered as if it had been done in time', async () => {
    const { service } = createControlPlane();
    const executionMs = 500;
    const web = createGraphqlServer({
      address: { host: '127.0.0.1', port: 0 },
      introspectionEnabled: false,
      logger: pino({ level: 'silent' }),
      reportFault: () => undefined,
      authentication: NO_AUTHENTICATION,
      limits: readConfig({}).limits,
      executionMs,
      contextFor: (_request, deadline) => {
        const keeping: typeof service = {
          ...service,
          session(...of) {
            const session = service.session(...of);
            return {
              ...session,
              countConnections(selections) {
                const until = performance.now() + executionMs;
                while (performance.now() < until);
                return session.countConnections(selections);
              },
            };
          },
        };
        return createContext(keeping, unrestrictedViewer('anonymous'), () => undefined, deadline);
      },
    });
    const answer = await request(await web.start(), '{ environmentAccountConnections { totalCount } }');
    expect(answer).toMatchObject({ errors: [{ extensions: { code: 'EXECUTION_TIMEOUT' } }] });
    expect(answer.data).toBeUndefined();
    await web.stop();
  });

  it('is begun one after the other while others are answered, and not at all once it has waited too long', async () => {
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
      // Told again where the machine is slow: what is there already stays as it is.
      while ((await ask(`mutation { ${some.join(' ')} }`)).status !== 200);
    }
    const dear =
      '{ environmentAccountConnections(first: 98) { nodes { managementAccount { environmentAccountConnections(first: 98) { nodes { id arn roleArn createdAt } } } } } }';
    let answered = 0;
    const flood = Array.from({ length: 40 }, async () => {
      const response = await ask(dear);
      const text = await response.text();
      answered += 1;
      return { status: response.status, retryAfter: response.headers.get('retry-after'), text };
    });
    const between: number[] = [];
    while (answered < flood.length) {
      expect((await fetch(`${admin}/health/live`)).status).toBe(200);
      expect((await ask('{ __typename }')).status).toBe(200);
      between.push(answered);
    }
    // Not all before them, and not all after them.
    expect(between.filter((count) => count < flood.length).length).toBeGreaterThan(0);
    const answers = await Promise.all(flood);
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(0);
    for (const { retryAfter, text } of refused) {
      expect(retryAfter).toBe('1');
      expect(text).toContain('"code":"OVERLOADED"');
    }
    expect([200, 503, 504]).toEqual(expect.arrayContaining(answers.map(({ status }) => status)));
    expect(await end('SIGTERM')).toBe(0);
  });
});
