import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

import { composeSupergraph } from '../../examples/supergraph/compose';
import { startGateway } from '../../examples/supergraph/gateway';
import type { Listening } from '../../examples/supergraph/listen';
import { readResults } from '../../examples/supergraph/server-sent-events';
import { ConnectionHistoryResolver } from '../../src/subgraph/connection/history';
import { bearer, createKeys, tokenOf, useKeyFile } from '../authentication/issuer';
import { startApp, type RunningApp } from '../support/app';
import { request } from '../support/graphql-client';
import { readMetrics, valueOf } from '../support/metrics';
import { startApolloSupergraph } from './apollo-supergraph';
import { createConnection } from './created-connections';
import { committedSdl } from './sdl';

const SECRET = 'shared-with-the-gateway';
/**
 * Between the pings of a WebSocket; and the interval of callbacks, after which the gateway ends a subscription. Gateway and server share
 * this process, so an interval that is shorter than a pause of a busy machine would end them.
 */
const HEARTBEAT_MS = { ws: 200, 'http-callback': 3_000 } as const;
const AT_ONCE = 20;

const SUBSCRIPTION = `subscription ($filter: EnvironmentAccountConnectionFilter) {
  environmentAccountConnectionStatusChanged(filter: $filter) {
    status
    connection { environmentName history(first: 1) { nodes { type } } }
  }
}`;

interface Result {
  readonly data?: { readonly environmentAccountConnectionStatusChanged: unknown } | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: object }[];
}

/** A client's subscription. */
interface Subscribed {
  /** Rejects when the subscription ends. */
  readonly next: () => Promise<Result>;
  readonly stop: () => void;
}

type Subscribe = (gateway: string, environmentName: string, token: string) => Subscribed;

const overServerSentEvents: Subscribe = (gateway, environmentName, token) => {
  const stopped = new AbortController();
  const results = (async function* () {
    const response = await fetch(gateway, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...bearer(token) },
      body: JSON.stringify({ query: SUBSCRIPTION, variables: { filter: { environmentName } } }),
      signal: stopped.signal,
    });
    yield* readResults(response);
  })();
  return {
    next: () => nextOf(results),
    stop: () => {
      stopped.abort();
    },
  };
};

const overWebSocket: Subscribe = (gateway, environmentName, token) => {
  const client = createClient({
    url: gateway.replace('http:', 'ws:'),
    webSocketImpl: WebSocket,
    connectionParams: bearer(token),
    retryAttempts: 0,
  });
  const results = client.iterate({ query: SUBSCRIPTION, variables: { filter: { environmentName } } });
  return { next: () => nextOf(results), stop: () => void client.dispose() };
};

async function nextOf(results: AsyncIterator<unknown>): Promise<Result> {
  const result = await results.next();
  if (result.done === true) throw new Error('the subscription was completed');
  return result.value as Result;
}

/** Keeps a port until the gateway starts, whose URL the server must know before. */
async function reservePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    free: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

describe.each(['ws', 'http-callback'] as const)('Through Hive Gateway, by %s', (transport) => {
  const keys = createKeys('ES256');
  const environment = useKeyFile(keys);
  let app: RunningApp;
  let gateway: Listening;
  let token: string;
  let router: Readonly<Record<string, string>>;
  let longLived: readonly Subscribed[];
  /** The first event of each. */
  let events: readonly Promise<Result>[];
  let openedAt: number;

  beforeAll(async () => {
    const { port, free } = await reservePort();
    app = await startApp({
      ...environment,
      AUTH_JWT_CLOCK_SKEW_MS: '0',
      ROUTER_SECRET: SECRET,
      SUBSCRIPTION_CALLBACK_URLS: `http://127.0.0.1:${String(port)}/callback`,
      SOCKET_PING_MS: String(HEARTBEAT_MS.ws),
      LOG_LEVEL: 'silent',
    });
    const supergraph = composeSupergraph([{ name: 'proton', url: app.url, sdl: committedSdl() }]);
    await free();
    gateway = await startGateway(supergraph, port, {
      subgraph: 'proton',
      url: app.url,
      transport,
      routerSecret: SECRET,
      heartbeatIntervalMs: HEARTBEAT_MS[transport],
    });
    token = await tokenOf(keys, { claims: { aws_accounts: ['*'] } });
    router = { 'router-authorization': SECRET, ...bearer(token) };
    longLived = Array.from({ length: AT_ONCE }, () => overServerSentEvents(gateway.url, 'long-lived', token));
    events = longLived.map(({ next }) => next());
    // The last test looks at how they end.
    for (const event of events) event.catch(() => undefined);
    openedAt = performance.now();
  });

  afterAll(async () => {
    for (const { stop } of longLived) stop();
    await gateway.stop();
    await app.stop();
  });

  const create = (environmentName: string) =>
    createConnection(
      app.url,
      { managementAccountId: '111111111111', environmentAccountId: '222222222222', environmentName },
      router,
    );

  /** Creates connections until the subscription has an event: only its first event shows that it is open. */
  async function firstEvent({ next }: Subscribed, environmentName: string): Promise<Result> {
    const event = next();
    let isHere: unknown = false;
    for (let attempt = 0; isHere === false; attempt += 1) {
      await createConnection(
        app.url,
        {
          managementAccountId: '111111111111',
          environmentAccountId: `2222222${String(10_000 + attempt)}`,
          environmentName,
        },
        router,
      );
      isHere = await Promise.race([event, wait(100, false)]);
    }
    return event;
  }

  describe.each([
    ['server-sent events', overServerSentEvents],
    ['a WebSocket', overWebSocket],
  ])('over %s', (name, subscribe) => {
    const environmentName = name.replaceAll(' ', '-');

    it('a client sees each event', async () => {
      const subscribed = subscribe(gateway.url, environmentName, token);
      expect(await firstEvent(subscribed, environmentName)).toEqual({
        data: {
          environmentAccountConnectionStatusChanged: {
            status: 'PENDING',
            connection: { environmentName, history: { nodes: [{ type: 'CREATED' }] } },
          },
        },
      });
      subscribed.stop();
    });

    it('an unexpected error in an event is masked', async () => {
      const history = jest.spyOn(ConnectionHistoryResolver.prototype, 'history');
      history.mockRejectedValue(new Error('connect ECONNREFUSED db.internal:5432'));
      const subscribed = subscribe(gateway.url, `${environmentName}-fault`, token);
      const { errors, ...rest } = await firstEvent(subscribed, `${environmentName}-fault`);
      history.mockRestore();
      expect(errors?.map(({ extensions }) => extensions)).toEqual([
        expect.objectContaining({ code: 'INTERNAL_SERVER_ERROR' }),
      ]);
      expect(JSON.stringify([errors, rest])).not.toContain('db.internal');
      subscribed.stop();
    });

    it('a token that expires ends the subscription with an error', async () => {
      const exp = Math.floor(Date.now() / 1_000) + 2;
      const expiring = await tokenOf(keys, { claims: { aws_accounts: ['*'], exp } });
      const subscribed = subscribe(gateway.url, 'expiring', expiring);
      const { errors } = await subscribed.next();
      expect(errors).toMatchObject([
        {
          message: 'The token has expired. Subscribe again with a new one.',
          extensions: { code: 'UNAUTHENTICATED' },
        },
      ]);
      subscribed.stop();
    });
  });

  it('a query that the gateway sends again is executed without Apollo Server', async () => {
    const executed = async () =>
      valueOf(await readMetrics(app.admin), 'proton_subgraph_compiled_operations_total');
    const before = await executed();
    for (let count = 0; count < 3; count += 1) {
      const query = '{ environmentAccountConnections(first: 1) { nodes { id } } }';
      expect(await request(gateway.url, query, {}, bearer(token))).toEqual({
        data: { environmentAccountConnections: { nodes: [expect.any(Object)] } },
      });
    }
    // The first one is executed by Apollo Server, which prepares the document.
    expect((await executed()) - before).toBe(2);
  });

  async function openSubscriptions(): Promise<number> {
    const labels = { transport: transport === 'ws' ? 'websocket' : 'callback' };
    return valueOf(await readMetrics(app.admin), 'proton_subgraph_subscriptions_open', labels);
  }

  it('twenty subscriptions at once are alive after ten heartbeats', async () => {
    // A busy gateway may open them late, and an event before that would not reach them.
    while ((await openSubscriptions()) < AT_ONCE) await wait(50);
    const remaining = openedAt + 10 * HEARTBEAT_MS[transport] - performance.now();
    // If one of them ends meanwhile, this ends as well.
    await Promise.race([...events, wait(Math.max(0, remaining))]);
    await create('long-lived');
    for (const { data } of await Promise.all(events)) {
      expect(data?.environmentAccountConnectionStatusChanged).toMatchObject({ status: 'PENDING' });
    }
  });
});

it('Through @apollo/gateway, which has no subscriptions, one is an error', async () => {
  const supergraph = await startApolloSupergraph();
  const { data, errors } = await request(supergraph.gateway, SUBSCRIPTION);
  expect([data ?? null, errors]).toEqual([null, [expect.any(Object)]]);
  await supergraph.stop();
});
