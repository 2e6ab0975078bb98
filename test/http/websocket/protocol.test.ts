import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

import { sendHttp } from '../../support/aws-call';
import { startApp, type RunningApp } from '../../support/app';
import { dataOf, request } from '../../support/graphql-client';
import { readMetrics, valueOf } from '../../support/metrics';
import { openSocket, refusedUpgrade, STATUS_CHANGED, subscribeTo } from '../../support/subscription-socket';

const CREATE = `mutation Create($environmentName: String!) {
  createEnvironmentAccountConnection(
    input: { managementAccountId: "111111111111", environmentAccountId: "222222222222", environmentName: $environmentName }
  ) { data { id } }
}`;

describe('Subscriptions over a WebSocket', () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp({
      MAX_SUBSCRIPTIONS_PER_SOCKET: '3',
      MAX_COST: '200',
    });
  });
  afterAll(() => app.stop());

  async function create(environmentName: string): Promise<string> {
    const { createEnvironmentAccountConnection: payload } = await dataOf<
      { createEnvironmentAccountConnection: { data: { id: string } } },
      unknown
    >(app.url, CREATE, { environmentName });
    return payload.data.id;
  }
  const change = (mutation: string, id: string) =>
    dataOf(
      app.url,
      `mutation { ${mutation}EnvironmentAccountConnection(input: { id: "${id}" }) { success } }`,
    );

  it('show each change of a status that the filter selects, as a client of graphql-ws receives it', async () => {
    const client = createClient({ url: app.url.replace('http', 'ws'), webSocketImpl: WebSocket });
    const id = await create('before');
    const events = client.iterate<{ environmentAccountConnectionStatusChanged: unknown }>({
      query: STATUS_CHANGED,
      variables: { filter: { environmentName: 'selected' } },
    });
    const first = events.next();
    const other = await subscribeTo(app.url);
    const selected = await create('selected');
    await change('accept', id);
    await change('accept', selected);
    await change('delete', selected);
    const received = [await first, await events.next(), await events.next()];
    expect(
      received.map(
        ({ value }) =>
          (value as { data?: { environmentAccountConnectionStatusChanged: unknown } }).data
            ?.environmentAccountConnectionStatusChanged,
      ),
    ).toEqual([
      {
        connection: { id: selected, environmentName: 'selected', status: 'PENDING' },
        previousStatus: null,
        status: 'PENDING',
      },
      {
        connection: { id: selected, environmentName: 'selected', status: 'CONNECTED' },
        previousStatus: 'PENDING',
        status: 'CONNECTED',
      },
      {
        connection: { id: selected, environmentName: 'selected', status: 'CONNECTED' },
        previousStatus: 'CONNECTED',
        status: null,
      },
    ]);
    // In order for each connection; between connections, a store need not keep it.
    const ids = (await other.changes(4)).map(({ connection }) => connection.id);
    expect(ids.toSorted()).toEqual([id, selected, selected, selected].toSorted());
    other.socket.terminate();
    await client.dispose();
  });

  it('filter by the status that a change shows: a deletion by the last one, a rejection by the new one', async () => {
    const watching = await subscribeTo(app.url, { statuses: ['CONNECTED'] });
    const deleted = await create('deleted');
    await change('accept', deleted);
    await change('delete', deleted);
    const rejected = await create('rejected');
    await change('accept', rejected);
    await change('reject', rejected);
    await change('delete', rejected);
    const last = await create('last');
    await change('accept', last);
    expect(
      (await watching.changes(4)).map(
        ({ connection, status }) => `${connection.environmentName} ${String(status)}`,
      ),
    ).toEqual(['deleted CONNECTED', 'deleted null', 'rejected CONNECTED', 'last CONNECTED']);
    watching.socket.terminate();
  });

  it('read the history anew for each event', async () => {
    const opened = await openSocket(app.url);
    await opened.init();
    await opened.subscribe(`subscription { environmentAccountConnectionStatusChanged(filter: { environmentName: "fresh" }) {
      connection { history { nodes { type } } managementAccount { id environmentAccountConnections(first: 1) { totalCount } } } } }`);
    const id = await create('fresh');
    const first = await opened.next();
    await change('accept', id);
    const second = await opened.next();
    const historyIn = ({ payload }: typeof first) =>
      (
        payload as {
          data: {
            environmentAccountConnectionStatusChanged: { connection: { history: { nodes: unknown } } };
          };
        }
      ).data.environmentAccountConnectionStatusChanged.connection.history.nodes;
    expect([historyIn(first), historyIn(second)]).toEqual([
      [{ type: 'CREATED' }],
      [{ type: 'ACCEPTED' }, { type: 'CREATED' }],
    ]);
    opened.socket.terminate();
  });

  it('end with the message complete of the client, and then another one may have the same id', async () => {
    const opened = await subscribeTo(app.url, { environmentName: 'ended' });
    opened.send({ id: '1', type: 'complete' });
    await opened.subscribe(STATUS_CHANGED, { filter: { environmentName: 'again' } });
    await create('ended');
    await create('again');
    expect(await opened.changes(1)).toMatchObject([{ connection: { environmentName: 'again' } }]);
    opened.socket.terminate();
  });

  it.each([
    ['a query', '{ environmentAccountConnections { totalCount } }', 'BAD_REQUEST'],
    [
      'a mutation',
      CREATE.replace('$environmentName: String!', '$environmentName: String = "x"'),
      'BAD_REQUEST',
    ],
    ['a syntax error', 'subscription {', 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', 'subscription { nothing }', 'GRAPHQL_VALIDATION_FAILED'],
    [
      'two root fields',
      'subscription { a: environmentAccountConnectionStatusChanged { status } environmentAccountConnectionStatusChanged { status } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'two operations, none of which is named',
      'subscription A { environmentAccountConnectionStatusChanged { status } } subscription B { environmentAccountConnectionStatusChanged { status } }',
      'OPERATION_RESOLUTION_FAILURE',
    ],
    [
      'a variable that is missing',
      'subscription ($name: String!) { environmentAccountConnectionStatusChanged(filter: { environmentName: $name }) { status } }',
      'BAD_USER_INPUT',
    ],
    [
      'more cost than a request may have',
      'subscription { environmentAccountConnectionStatusChanged { connection { managementAccount { environmentAccountConnections(first: 100) { nodes { history(first: 100) { nodes { id } } } } } } } }',
      'TOO_EXPENSIVE',
    ],
    [
      'more levels than a document may have',
      `subscription { environmentAccountConnectionStatusChanged { connection ${'{ managementAccount { environmentAccountConnections { nodes '.repeat(6)} { id } ${'} } }'.repeat(6)} } }`,
      'TOO_DEEP',
    ],
  ])('are refused with a code for %s, and the socket stays open', async (_what, query, code) => {
    const opened = await openSocket(app.url);
    await opened.init();
    opened.send({ id: 'x', type: 'subscribe', payload: { query } });
    expect(await opened.next()).toMatchObject({
      id: 'x',
      type: 'error',
      payload: [{ message: expect.any(String) as string, extensions: { code } }],
    });
    await opened.subscribe(STATUS_CHANGED);
    opened.socket.terminate();
  });

  it('are limited for each socket', async () => {
    const opened = await openSocket(app.url);
    await opened.init();
    for (const id of ['1', '2', '3', '4']) await opened.subscribe(STATUS_CHANGED, {}, id);
    expect(await opened.next()).toMatchObject({
      id: '4',
      type: 'error',
      payload: [{ extensions: { code: 'TOO_MANY_SUBSCRIPTIONS' } }],
    });
    opened.send({ id: '1', type: 'complete' });
    await opened.subscribe(STATUS_CHANGED, { filter: { environmentName: 'fifth' } }, '5');
    await create('fifth');
    const ids = [await opened.next(), await opened.next(), await opened.next()].map(({ id }) => id);
    expect(ids.sort()).toEqual(['2', '3', '5']);
    opened.socket.terminate();
  });

  it.each([
    [4400, 'is no JSON', ['nonsense'], true],
    [4400, 'has a type that only servers send', ['{"type":"next","id":"1","payload":{}}'], true],
    [4429, 'is a second connection_init', ['{"type":"connection_init"}'], true],
    [
      4409,
      'subscribes with an id that is in use',
      Array(2).fill({ id: '1', type: 'subscribe', payload: { query: STATUS_CHANGED } }),
      true,
    ],
    [
      4401,
      'subscribes before connection_init',
      [{ id: '1', type: 'subscribe', payload: { query: STATUS_CHANGED } }],
      false,
    ],
    [1009, 'is longer than 64 KiB', [`{"type":"ping","payload":{"text":"${'x'.repeat(65_536)}"}}`], true],
  ])('close with %i when a message %s', async (code, _what, messages, initialized) => {
    const opened = await openSocket(app.url);
    if (initialized) await opened.init();
    for (const message of messages) opened.send(message as string);
    expect((await opened.closed)[0]).toBe(code);
  });

  it('close with 4408 when there is no connection_init in time, and with 4406 for another protocol', async () => {
    const hurried = await startApp({ SOCKET_INIT_TIMEOUT_MS: '20' });
    expect((await (await openSocket(hurried.url)).closed)[0]).toBe(4408);
    await hurried.stop();
    await expect(openSocket(app.url, { protocol: 'graphql-ws' })).rejects.toThrow('subprotocol');
  });

  it('respond to the ping of a client, without its payload', async () => {
    const opened = await openSocket(app.url);
    await opened.init();
    opened.send({ type: 'ping', payload: { text: 'x'.repeat(60_000) } });
    expect(await opened.next()).toEqual({ type: 'pong' });
    opened.socket.terminate();
  });

  it('are not part of HTTP requests, which say so', async () => {
    const { errors } = await request(app.url, STATUS_CHANGED);
    expect(errors).toMatchObject([{ extensions: { code: 'SUBSCRIPTION_NOT_SUPPORTED' } }]);
  });

  it('are refused at another path, and for a handshake that is none', async () => {
    expect(await refusedUpgrade(app.url.replace('/graphql', '/other'))).toEqual({
      status: 404,
      code: 'NOT_FOUND',
    });
    const { status, output } = await sendHttp(new URL(app.url).origin, {
      method: 'GET',
      path: '/graphql',
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'short',
      },
    });
    expect(status).toBe(400);
    expect(output).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });

  it('leave requests alone that offer to go on with HTTP/2', async () => {
    const { status, output } = await sendHttp(new URL(app.url).origin, {
      path: '/graphql',
      headers: {
        'content-type': 'application/json',
        connection: 'Upgrade, HTTP2-Settings',
        upgrade: 'h2c',
        'http2-settings': 'AA',
      },
      body: Buffer.from('{"query":"{ __typename }"}'),
    });
    expect([status, output]).toEqual([200, { data: { __typename: 'Query' } }]);
  });

  it('are counted', async () => {
    const watching = await subscribeTo(app.url, { environmentName: 'counted' });
    const before = await readMetrics(app.admin);
    const open = valueOf(before, 'proton_subgraph_subscriptions_open', { transport: 'websocket' });
    expect(open).toBeGreaterThanOrEqual(1);
    expect(valueOf(before, 'proton_subgraph_websockets_open')).toBeGreaterThanOrEqual(1);
    await create('counted');
    await watching.changes(1);
    watching.send({ id: '1', type: 'complete' });
    watching.send({ type: 'ping' });
    await watching.next();
    const after = await readMetrics(app.admin);
    const added = (name: string, labels: Record<string, string>) =>
      valueOf(after, name, labels) - valueOf(before, name, labels);
    expect(added('proton_subgraph_subscriptions_open', { transport: 'websocket' })).toBe(-1);
    expect(added('proton_subgraph_subscription_events_total', { transport: 'websocket' })).toBe(1);
    expect(added('proton_subgraph_subscription_lag_seconds_count', { transport: 'websocket' })).toBe(1);
    expect(added('proton_subgraph_subscriptions_total', { transport: 'websocket', outcome: 'OK' })).toBe(1);
    watching.socket.terminate();
  });
});
