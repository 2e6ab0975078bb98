import { randomUUID } from 'node:crypto';

import { ConnectionHistoryResolver } from '../../../src/subgraph/connection/history';
import { startApp, type RunningApp } from '../../support/app';
import { createConnection } from '../../federation/created-connections';
import { bearer, createKeys, tokenOf, useKeyFile } from '../../authentication/issuer';
import { readMetrics, valueOf } from '../../support/metrics';
import { startCallbackRouter, type CallbackRouter, type ReceivedMessage } from './router';

const SECRET = 'shared-with-the-router';
const ROUTER = { 'router-authorization': SECRET };
const SUBSCRIPTION = `subscription ($filter: EnvironmentAccountConnectionFilter) {
  environmentAccountConnectionStatusChanged(filter: $filter) {
    previousStatus
    status
    connection { environmentName status history(first: 1) { nodes { type } } }
  }
}`;

describe('Subscriptions by HTTP callback', () => {
  const keys = createKeys('ES256');
  const environment = useKeyFile(keys);
  let router: CallbackRouter;
  /** Another server, which must not get anything. */
  let victim: CallbackRouter;
  let app: RunningApp;
  let admin: Readonly<Record<string, string>>;

  beforeAll(async () => {
    router = await startCallbackRouter();
    victim = await startCallbackRouter();
    app = await startApp({
      ...environment,
      AUTH_JWT_CLOCK_SKEW_MS: '0',
      ROUTER_SECRET: SECRET,
      SUBSCRIPTION_CALLBACK_URLS: `${router.origin}/callback`,
    });
    admin = await asUser({ '*': ['write', 'approve'] });
  });

  afterAll(async () => {
    await app.stop();
    await router.stop();
    await victim.stop();
  });

  async function asUser(accounts: unknown, claims = {}): Promise<Readonly<Record<string, string>>> {
    return { ...ROUTER, ...bearer(await tokenOf(keys, { claims: { aws_accounts: accounts, ...claims } })) };
  }

  interface Asked {
    readonly query?: string;
    readonly variables?: Readonly<Record<string, unknown>>;
    readonly headers?: Readonly<Record<string, string>>;
    readonly at?: string;
    /** Members of the extension, instead of valid ones. */
    readonly extension?: Readonly<Record<string, unknown>>;
  }

  /** Sends a request as a router does. */
  async function ask({
    query = SUBSCRIPTION,
    variables,
    headers = admin,
    at = app.url,
    extension = {},
  }: Asked = {}) {
    const subscriptionId = randomUUID();
    const subscription = {
      callbackUrl: `${router.origin}/callback/${subscriptionId}`,
      subscriptionId,
      verifier: 'verifier',
      heartbeatIntervalMs: 0,
      ...extension,
    };
    const response = await fetch(at, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json;callbackSpec=1.0; charset=utf-8',
        ...headers,
      },
      body: JSON.stringify({ query, variables, extensions: { subscription } }),
    });
    const body = (await response.json()) as {
      readonly data?: unknown;
      readonly errors?: readonly {
        readonly message: string;
        readonly extensions: { readonly code: string };
      }[];
    };
    return {
      id: subscriptionId,
      status: response.status,
      body,
      codes: body.errors?.map(({ extensions }) => extensions.code),
    };
  }

  const openCallbacks = async ({ admin: adminUrl }: RunningApp) =>
    valueOf(await readMetrics(adminUrl), 'proton_subgraph_subscriptions_open', { transport: 'callback' });

  const messagesOf = (id: string, action?: ReceivedMessage['action']) =>
    router.messages(action).filter((message) => message.id === id);
  const changesOf = (id: string) =>
    messagesOf(id, 'next').map(({ payload }) => payload?.data?.['environmentAccountConnectionStatusChanged']);

  async function mutate(field: string, id: string): Promise<void> {
    await fetch(app.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...admin },
      body: JSON.stringify({ query: `mutation { ${field}(input: { id: "${id}" }) { success } }` }),
    });
  }

  const create = (environmentName: string, environmentAccountId = '222222222222') =>
    createConnection(
      app.url,
      { managementAccountId: '111111111111', environmentName, environmentAccountId },
      admin,
    );

  it('begin with a check, and deliver each event in order, a deletion with the last state', async () => {
    const filter = { environmentName: 'life' };
    const { id, status, body } = await ask({ variables: { filter } });
    expect([status, body]).toEqual([200, { data: null }]);
    expect(messagesOf(id)).toEqual([{ kind: 'subscription', action: 'check', id, verifier: 'verifier' }]);
    const created = await create('life');
    await router.until(() => messagesOf(id, 'next').length === 1);
    await mutate('acceptEnvironmentAccountConnection', created.id);
    await router.until(() => messagesOf(id, 'next').length === 2);
    await mutate('deleteEnvironmentAccountConnection', created.id);
    await router.until(() => messagesOf(id, 'next').length === 3);
    expect(changesOf(id)).toMatchObject([
      {
        previousStatus: null,
        status: 'PENDING',
        connection: { status: 'PENDING', history: { nodes: [{ type: 'CREATED' }] } },
      },
      {
        previousStatus: 'PENDING',
        status: 'CONNECTED',
        connection: { status: 'CONNECTED', history: { nodes: [{ type: 'ACCEPTED' }] } },
      },
      {
        previousStatus: 'CONNECTED',
        status: null,
        connection: { environmentName: 'life', status: 'CONNECTED' },
      },
    ]);
    expect(messagesOf(id, 'next').map(({ payload }) => payload?.errors)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(JSON.stringify(router.requests)).not.toContain('Bearer');
    expect(JSON.stringify(router.requests)).not.toContain(SECRET);
  });

  it('deliver what the user may see, also when the filter names more', async () => {
    const reader = await asUser({ '333333333333': ['read'] });
    const { id } = await ask({ headers: reader });
    const named = await ask({
      headers: reader,
      variables: { filter: { environmentAccountId: '222222222222' } },
    });
    await create('hidden');
    await create('visible', '333333333333');
    await router.until(() => changesOf(id).length === 1);
    expect(changesOf(id)).toMatchObject([{ connection: { environmentName: 'visible' } }]);
    expect(changesOf(named.id)).toEqual([]);
  });

  describe('are refused, and nothing is sent,', () => {
    const elsewhere: readonly (readonly [string, () => string])[] = [
      ['on another port', () => `${victim.origin}/callback/1`],
      ['on another path', () => `${router.origin}/admin`],
      ['on a path that begins alike', () => `${router.origin}/callback-evil`],
      ['with dots in the path', () => `${router.origin}/callback/../admin`],
      ['with another name of loopback', () => router.origin.replace('127.0.0.1', 'localhost')],
      ['with a short spelling of loopback', () => `${router.origin.replace('127.0.0.1', '127.1')}/callback`],
      ['with credentials', () => `${router.origin.replace('//', '//user:password@')}/callback`],
      ['with https', () => `${router.origin.replace('http:', 'https:')}/callback`],
      ['that is no URL', () => '/callback'],
    ];

    it.each(elsewhere)('for a callback URL %s', async (_, url) => {
      const before = router.requests.length;
      for (const query of [SUBSCRIPTION, '{ __typename }', 'mutation { a }', '{', '']) {
        const { status, codes } = await ask({ query, extension: { callbackUrl: url() } });
        expect([query, status, codes]).toEqual([query, 400, ['CALLBACK_REFUSED']]);
      }
      expect(router.requests.length).toBe(before);
    });

    it.each([
      ['a query', '{ __typename }', 'BAD_REQUEST'],
      [
        'a mutation',
        'mutation { deleteEnvironmentAccountConnection(input: { id: "1" }) { success } }',
        'BAD_REQUEST',
      ],
      ['a syntax error', 'subscription {', 'GRAPHQL_PARSE_FAILED'],
      ['an unknown field', 'subscription { nothing }', 'GRAPHQL_VALIDATION_FAILED'],
      [
        'two root fields',
        `subscription { a: environmentAccountConnectionStatusChanged { status } b: __typename }`,
        'GRAPHQL_VALIDATION_FAILED',
      ],
      [
        'a document that is too deep',
        `subscription { environmentAccountConnectionStatusChanged { connection ${'{ managementAccount { environmentAccountConnections { nodes '.repeat(5)} { id } ${'} } }'.repeat(5)} } }`,
        'TOO_DEEP',
      ],
    ])('for %s', async (_, query, code) => {
      const before = router.requests.length;
      const { status, codes } = await ask({ query });
      expect([status, codes?.[0]]).toEqual([400, code]);
      expect(router.requests.length).toBe(before);
    });

    it.each([
      ['no URL', { callbackUrl: undefined }],
      ['a URL that is a number', { callbackUrl: 1 }],
      ['no id', { subscriptionId: undefined }],
      ['an empty id', { subscriptionId: '' }],
      ['an id that is an object', { subscriptionId: {} }],
      ['no verifier', { verifier: null }],
      ['a negative heartbeat', { heartbeatIntervalMs: -1 }],
      ['half a millisecond', { heartbeatIntervalMs: 0.5 }],
      ['a heartbeat in words', { heartbeatIntervalMs: '5000' }],
      ['a heartbeat that is null', { heartbeatIntervalMs: null }],
    ])('for an extension with %s', async (_, extension) => {
      const before = router.requests.length;
      const { status, codes } = await ask({ extension });
      expect([status, codes]).toEqual([400, ['BAD_REQUEST']]);
      expect(router.requests.length).toBe(before);
    });

    it.each([
      ['without the router’s secret', { 'router-authorization': 'guessed' }],
      ['without a user’s token', { authorization: '' }],
    ])('%s', async (_, headers) => {
      const before = router.requests.length;
      const { status, codes } = await ask({ headers: { ...admin, ...headers } });
      expect([status, codes]).toEqual([401, ['UNAUTHENTICATED']]);
      expect(router.requests.length).toBe(before);
    });

    it('where no URL is configured', async () => {
      for (const variables of [{ ROUTER_SECRET: SECRET }, {}]) {
        const other = await startApp(variables);
        const response = await fetch(other.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...ROUTER },
          body: JSON.stringify({
            query: SUBSCRIPTION,
            extensions: {
              subscription: { callbackUrl: `${victim.origin}/callback`, subscriptionId: '1', verifier: '1' },
            },
          }),
        });
        expect([response.status, await response.json()]).toMatchObject([
          400,
          { errors: [{ extensions: { code: 'CALLBACK_REFUSED' } }] },
        ]);
        await other.stop();
      }
    });
  });

  it.each([404, 401, 500, 307])('do not start when the check is answered with %i', async (answered) => {
    router.answerBy((_request, response) =>
      response.writeHead(answered, { location: `${victim.origin}/callback` }).end(),
    );
    const { id, status, codes } = await ask();
    router.answerBy((_request, response) => response.writeHead(204).end());
    expect([status, codes]).toEqual([400, ['CALLBACK_FAILED']]);
    const running = await ask();
    await create(`refused-${String(answered)}`);
    await router.until(() => messagesOf(running.id, 'next').length === 1);
    expect(messagesOf(id).map(({ action }) => action)).toEqual(['check']);
  });

  it.each([404, 302])('end when an event is answered with %i, and follow no redirect', async (answered) => {
    const { id } = await ask({ variables: { filter: { environmentName: `gone-${String(answered)}` } } });
    router.answerBy(({ message }, response) =>
      response.writeHead(message.id === id ? answered : 204, { location: `${victim.origin}/callback` }).end(),
    );
    const { id: connection } = await create(`gone-${String(answered)}`);
    await router.until(() => messagesOf(id, 'next').length === 1);
    router.answerBy((_request, response) => response.writeHead(204).end());
    const running = await ask();
    await mutate('acceptEnvironmentAccountConnection', connection);
    await router.until(() => messagesOf(running.id, 'next').length === 1);
    expect(messagesOf(id).map(({ action }) => action)).toEqual(['check', 'next']);
  });

  it('mask an unexpected error of an event, and go on', async () => {
    const { id } = await ask({ variables: { filter: { environmentName: 'fault' } } });
    const history = jest.spyOn(ConnectionHistoryResolver.prototype, 'history');
    history.mockRejectedValue(new Error('connect ECONNREFUSED db.internal:5432'));
    const created = await create('fault');
    await router.until(() => messagesOf(id, 'next').length === 1);
    history.mockRestore();
    await mutate('acceptEnvironmentAccountConnection', created.id);
    await router.until(() => messagesOf(id, 'next').length === 2);
    const [broken, whole] = messagesOf(id, 'next').map(({ payload }) => payload);
    expect(broken?.errors).toEqual([
      expect.objectContaining({
        message: 'Something went wrong on our side. The fault has been recorded.',
        extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: expect.any(String) as string },
      }),
    ]);
    expect(JSON.stringify(broken)).not.toContain('db.internal');
    expect(whole?.errors).toBeUndefined();
  });

  it('end with an error when the user’s token expires, also for a router that fails once, and nothing follows', async () => {
    const headers = await asUser({ '*': ['read'] }, { exp: Math.floor(Date.now() / 1000) + 1 });
    const { id } = await ask({ headers });
    let failures = 1;
    router.answerBy(({ message: { action } }, response) => {
      const isRefused = action === 'complete' && failures-- > 0;
      response.writeHead(isRefused ? 503 : 204).end();
    });
    await router.until(() => messagesOf(id, 'complete').length === 2);
    for (const { errors } of messagesOf(id, 'complete'))
      expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    const running = await ask();
    await create('after-expiry');
    await router.until(() => messagesOf(running.id, 'next').length === 1);
    expect(messagesOf(id).map(({ action }) => action)).toEqual(['check', 'complete', 'complete']);
  });

  it('end with an error when the server stops, which waits until routers know', async () => {
    const other = await startApp({ ROUTER_SECRET: SECRET, SUBSCRIPTION_CALLBACK_URLS: router.origin });
    const response = await fetch(other.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...ROUTER },
      body: JSON.stringify({
        query: SUBSCRIPTION,
        extensions: {
          subscription: {
            callbackUrl: `${router.origin}/other`,
            subscriptionId: 'stopping',
            verifier: '1',
            heartbeatIntervalMs: 1_000,
          },
        },
      }),
    });
    expect(response.status).toBe(200);
    await other.stop();
    expect(messagesOf('stopping')).toMatchObject([
      { action: 'check' },
      { action: 'complete', errors: [{ extensions: { code: 'SERVER_STOPPING' } }] },
    ]);
  });

  it('are limited for each user, and free their place when they end', async () => {
    const other = await startApp({
      ...environment,
      ROUTER_SECRET: SECRET,
      SUBSCRIPTION_CALLBACK_URLS: `${router.origin}/callback`,
      MAX_SUBSCRIPTIONS_PER_SOCKET: '2',
      MAX_CALLBACK_SUBSCRIPTIONS: '3',
    });
    const at = other.url;
    const variables = { filter: { environmentName: 'limited' } };
    const [one, two] = [await asUser({ '*': ['write'] }), await asUser(['*'], { sub: 'two' })];
    const [first, , third] = [
      await ask({ at, headers: one, variables }),
      await ask({ at, headers: one, variables }),
      await ask({ at, headers: one, variables }),
    ];
    expect([first.status, third.status, third.codes]).toEqual([200, 400, ['TOO_MANY_SUBSCRIPTIONS']]);
    expect((await ask({ at, headers: two, variables })).status).toBe(200);
    const fourth = await ask({ at, headers: two, variables });
    expect([fourth.status, fourth.codes]).toEqual([503, ['OVERLOADED']]);
    router.answerBy(({ message: { action } }, response) =>
      response.writeHead(action === 'next' ? 404 : 204).end(),
    );
    await createConnection(
      at,
      {
        managementAccountId: '111111111111',
        environmentAccountId: '222222222222',
        environmentName: 'limited',
      },
      one,
    );
    while ((await openCallbacks(other)) > 0);
    router.answerBy((_request, response) => response.writeHead(204).end());
    for (const headers of [one, two]) {
      expect((await ask({ at, headers, variables })).status).toBe(200);
    }
    await other.stop();
  });

  it('end with an error when the router takes events more slowly than they come', async () => {
    const other = await startApp({
      ...environment,
      ROUTER_SECRET: SECRET,
      SUBSCRIPTION_CALLBACK_URLS: `${router.origin}/callback`,
      MAX_SUBSCRIPTION_QUEUE: '2',
    });
    const { id } = await ask({ at: other.url });
    let release = (): void => undefined;
    router.answerBy(({ message: { action } }, response) => {
      if (action === 'next') release = () => response.writeHead(204).end();
      else response.writeHead(204).end();
    });
    for (const environmentName of ['one', 'two', 'three', 'four']) {
      await createConnection(
        other.url,
        { managementAccountId: '111111111111', environmentAccountId: '222222222222', environmentName },
        admin,
      );
    }
    // The first is with the router, the next two wait, and the fourth has no place.
    while ((await openCallbacks(other)) > 0);
    release();
    await router.until(() => messagesOf(id, 'complete').length === 1);
    expect(messagesOf(id).map(({ action, errors }) => [action, errors?.[0]?.extensions?.['code']])).toEqual([
      ['check', undefined],
      ['next', undefined],
      ['complete', 'SUBSCRIPTION_OVERFLOW'],
    ]);
    router.answerBy((_request, response) => response.writeHead(204).end());
    await other.stop();
  });

  it('have never reached another server', () => {
    expect(victim.requests).toEqual([]);
  });
});
