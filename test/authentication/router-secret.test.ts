import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';

import { pino } from 'pino';

import { createAuthentication } from '../../src/authentication/authentication';
import { readConfig } from '../../src/config/config';
import { Admission } from '../../src/http/hooks/admission-queue';
import { createGraphqlServer } from '../../src/http/graphql-server';
import { startApp, type RunningApp } from '../support/app';
import { sendHttp, type WireHeaders, type WireRequest } from '../support/aws-call';
import { bearer, createKeys, tokenOf, useKeyFile } from './issuer';
import { codeOf, post, startPosting } from './posting';

const SECRETS = { ROUTER_SECRET: 'the-new-one,the-öld-one' };
const NEW = { 'router-authorization': 'the-new-one' };
const OLD = { 'router-authorization': Buffer.from('the-öld-one').toString('latin1') };
const COUNT = '{ environmentAccountConnections { totalCount } }';
const SDL = '{ _service { sdl } }';

describe('With a secret of the router', () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp(SECRETS);
  });
  afterAll(() => app.stop());

  const send = (request: WireRequest) => sendHttp(new URL(app.url).origin, { path: '/graphql', ...request });

  it.each([
    ['the one secret', NEW],
    ['the other one, during a rotation', OLD],
  ])('a request with %s may do everything, as the router', async (_title, headers) => {
    const { output } = await post(
      app.url,
      `mutation {
        create: createEnvironmentAccountConnection(
          input: { managementAccountId: "111111111111", environmentAccountId: "222222222222", environmentName: "x${headers === NEW ? '1' : '2'}" }
        ) { data { history { nodes { actor } } } }
      }`,
      headers,
    );
    expect(output).toEqual({ data: { create: { data: { history: { nodes: [{ actor: 'router' }] } } } } });
  });

  it('a creation must name its account, because the router may write to all of them', async () => {
    const { output } = await post(
      app.url,
      `mutation {
        create: createEnvironmentAccountConnection(input: { managementAccountId: "111111111111", environmentName: "y" }) {
          error { code violations { path } }
        }
      }`,
      NEW,
    );
    expect(output).toMatchObject({
      data: {
        create: { error: { code: 'VALIDATION_ERROR', violations: [{ path: ['environmentAccountId'] }] } },
      },
    });
  });

  const WITHOUT: readonly [string, WireHeaders][] = [
    ['no secret', {}],
    ['a wrong one', { 'router-authorization': 'the-wrong-one' }],
    ['an empty one', { 'router-authorization': '' }],
    ['the beginning of one', { 'router-authorization': 'the-new' }],
    ['all of them as they are configured', { 'router-authorization': 'the-new-one,the-öld-one' }],
    ['one with a scheme before it', { 'router-authorization': 'Bearer the-new-one' }],
    ['one in capitals', { 'router-authorization': 'THE-NEW-ONE' }],
    ['one twice', { 'router-authorization': ['the-new-one', 'the-new-one'] }],
    ['one, and a wrong one', { 'router-authorization': ['the-new-one', 'the-wrong-one'] }],
    ['one in another header', { authorization: 'the-new-one' }],
  ];

  it.each(WITHOUT)('a request with %s is refused', async (_title, headers) => {
    const response = await post(app.url, COUNT, headers);
    expect([response.status, codeOf(response)]).toEqual([401, 'UNAUTHENTICATED']);
    expect(response.headers['www-authenticate']).toMatch(/^RouterSecret/);
    expect(response.text).not.toContain('the-');
  });

  it.each<[string, WireRequest]>([
    ['the landing page', { method: 'GET', headers: { accept: 'text/html' } }],
    ['a query', { method: 'GET', path: `/graphql?query=${encodeURIComponent(COUNT)}` }],
    [
      'a preflight',
      {
        method: 'OPTIONS',
        headers: { origin: 'https://a.example', 'access-control-request-method': 'POST' },
      },
    ],
    ['HEAD', { method: 'HEAD' }],
    ['PUT', { method: 'PUT', body: '{}' }],
    ['DELETE', { method: 'DELETE' }],
    ['TRACE', { method: 'TRACE' }],
    ['a body of no known type', { headers: { 'content-type': 'application/xml' }, body: '<a/>' }],
    ['a body with no type', { body: 'x' }],
    ['a malformed type', { headers: { 'content-type': ';' }, body: 'x' }],
    ['no JSON', { headers: { 'content-type': 'application/json' }, body: '{' }],
    ['a path that ends in a slash', { path: '/graphql/' }],
    ['another path', { path: '/' }],
    ['a path that is none', { path: '/%' }],
  ])('%s is refused without it, and handled as usual with it', async (_title, request) => {
    expect((await send(request)).status).toBe(401);
    expect((await send({ ...request, headers: { ...request.headers, ...NEW } })).status).not.toBe(401);
  });

  it('the response does not wait for the body', async () => {
    const request = startPosting(app.url);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(401);
    request.destroy();
  });
});

describe('With a secret of the router, and the server full', () => {
  it('a request without it gets 401, which reveals nothing about the load', async () => {
    const admission = new Admission(1);
    const inFlight = admission.enter(0);
    const waiting = admission.enter(0);
    const web = createGraphqlServer({
      address: { host: '127.0.0.1', port: 0 },
      admission,
      authentication: await createAuthentication(
        { router: { kind: 'secret', secrets: ['the-new-one'] }, user: undefined },
        { findKey: () => Promise.resolve(undefined), reportKeys: () => undefined },
      ),
      introspectionEnabled: true,
      logger: pino({ enabled: false }),
      reportFault: () => undefined,
      limits: readConfig({}).limits,
      executionMs: 1_000,
      contextFor: () => {
        throw new Error('nothing is executed');
      },
    });
    const url = await web.start();
    try {
      for (const path of ['', '/else', '/%']) {
        const refusal = await post(`${url}${path}`, COUNT);
        expect([path, refusal.status, codeOf(refusal)]).toEqual([path, 401, 'UNAUTHENTICATED']);
      }
      const refused = await post(url, COUNT, NEW);
      expect([refused.status, codeOf(refused)]).toEqual([503, 'OVERLOADED']);
    } finally {
      inFlight?.responseEnded();
      inFlight?.workEnded();
      waiting?.responseEnded();
      await web.stop();
    }
  });
});

describe('With a secret of the router and tokens of users', () => {
  const keys = createKeys('ES256');
  const environment = { ...useKeyFile(keys), ...SECRETS, NODE_ENV: 'production' };
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp(environment);
  });
  afterAll(() => app.stop());

  it('both are needed', async () => {
    const token = bearer(await tokenOf(keys));
    expect((await post(app.url, COUNT, { ...NEW, ...token })).status).toBe(200);
    for (const headers of [{}, NEW, token, { ...NEW, authorization: 'Bearer nonsense' }]) {
      const response = await post(app.url, COUNT, headers);
      expect([headers, response.status, codeOf(response)]).toEqual([headers, 401, 'UNAUTHENTICATED']);
    }
  });

  it.each([
    SDL,
    'query SubgraphIntrospectQuery { # as rover asks\n _service { sdl } }',
    'query __ApolloGetServiceDefinition__ { _service { sdl } }',
    '{ __typename service: _service { text: sdl __typename } }',
    '{ _service { sdl } _service { sdl } }',
  ])('the router may ask for the service definition by itself: %s', async (query) => {
    const response = await post(app.url, query, NEW);
    expect([response.status, (response.output as { readonly errors?: unknown }).errors]).toEqual([
      200,
      undefined,
    ]);
  });

  it('the router may ask for it in a URL', async () => {
    const ask = async (search: string) => {
      const headers = { ...NEW, 'apollo-require-preflight': '1' };
      return (await fetch(`${app.url}${search}`, { headers })).status;
    };
    expect(await ask(`?query=${encodeURIComponent(SDL)}`)).toBe(200);
    expect(await ask(`?query=${encodeURIComponent(SDL)}&query=${encodeURIComponent(COUNT)}`)).toBe(401);
    expect(await ask(`?query=${encodeURIComponent(COUNT)}`)).toBe(401);
    expect(await ask('')).toBe(401);
  });

  it.each([
    `{ _service { sdl } environmentAccountConnections { totalCount } }`,
    `{ _service: environmentAccountConnections { sdl: totalCount } }`,
    `{ _service { sdl } ...F } fragment F on Query { environmentAccountConnections { totalCount } }`,
    `{ ...F } fragment F on Query { _service { sdl } }`,
    `{ _service { sdl } ... on Query { environmentAccountConnections { totalCount } } }`,
    `{ _service { sdl } ... { environmentAccountConnections { totalCount } } }`,
    `query A { _service { sdl } } query B { environmentAccountConnections { totalCount } }`,
    `mutation { _service: deleteEnvironmentAccountConnection(input: { id: "a" }) { sdl: deletedId } }`,
    `{ _service { sdl } _entities(representations: []) { __typename } }`,
    `{ _service @include(if: true) { sdl } }`,
    `{ __schema { types { name } } }`,
    `subscription { _service { sdl } }`,
    `{ _service { sdl`,
    ``,
  ])('and for nothing else: %s', async (query) => {
    const response = await post(app.url, query, NEW);
    expect([response.status, codeOf(response)]).toEqual([401, 'UNAUTHENTICATED']);
  });

  it('nor in a batch, nor in a body that is not an operation', async () => {
    const { origin } = new URL(app.url);
    for (const body of [
      JSON.stringify([{ query: SDL }, { query: COUNT }]),
      JSON.stringify([{ query: SDL }]),
      JSON.stringify({ query: [SDL] }),
      JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } }),
      'null',
    ]) {
      const headers = { ...NEW, 'content-type': 'application/json' };
      expect([body, (await sendHttp(origin, { path: '/graphql', headers, body })).status]).toEqual([
        body,
        401,
      ]);
    }
  });
});
