import { Writable } from 'node:stream';

import { ApolloServer, type ApolloServerPlugin, type GraphQLRequestListener } from '@apollo/server';
import BetterSqlite3 from 'better-sqlite3';
import { pino } from 'pino';

import { createApp } from '../../src/app/create-app';
import { readConfig } from '../../src/config/config';
import { createGraphqlContext, type GraphqlContext } from '../../src/graphql/graphql-context';
import { errorReportingPlugin } from '../../src/graphql/apollo/error-reporting-plugin';
import { RequestRecord } from '../../src/http/request-log/request-record';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { createContext } from '../../src/subgraph/context';
import { startApp, type RunningApp } from '../support/app';
import { useTemporaryFolder } from '../support/folder';
import { request } from '../support/graphql-client';
import { createControlPlane } from '../support/proton';
import { testEnvironment } from '../support/test-environment';

const folder = useTemporaryFolder();

/** Starts the app in production mode, and collects its log. */
async function startLogging(database: string) {
  const lines: string[] = [];
  const log = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(...chunk.toString().trim().split('\n'));
      done();
    },
  });
  const config = readConfig({
    ...testEnvironment({ DATABASE_URL: `sqlite:${database}` }),
    NODE_ENV: 'production',
  });
  const app = await createApp(config, pino({ level: 'error' }, log));
  const { graphql } = await app.start();
  return { url: graphql, lines, stop: app.stop };
}

it('An unexpected error is masked, and logged once with the request id, however many fields it affects', async () => {
  const location = folder.path('proton.db');
  const { url, lines, stop } = await startLogging(location);
  const other = new BetterSqlite3(location);
  other.exec('ALTER TABLE connections RENAME TO elsewhere');
  other.close();

  const { data, errors } = await request(
    url,
    '{ a: environmentAccountConnections { totalCount } b: environmentAccountConnections { totalCount } }',
    {},
    { 'x-request-id': 'the-id-of-this-request' },
  );
  await stop();

  expect(data).toEqual({ a: null, b: null });
  expect(errors).toHaveLength(2);
  for (const { message, extensions } of errors ?? []) {
    expect(message).toBe('Something went wrong on our side. The fault has been recorded.');
    expect(extensions).toEqual({
      code: 'INTERNAL_SERVER_ERROR',
      requestId: 'the-id-of-this-request',
    });
  }
  const faults = lines
    .map((line) => JSON.parse(line) as { requestId?: string; err?: { message: string } })
    .filter(({ requestId, err }) => requestId === 'the-id-of-this-request' && err !== undefined);
  expect(faults.map(({ err }) => err?.message)).toEqual([expect.stringContaining('no such table')]);
});

/** Adds a plugin to every Apollo Server that starts from now on. */
function addPlugin(listener: GraphQLRequestListener<object>): void {
  const plugin: ApolloServerPlugin<object> = { requestDidStart: () => Promise.resolve(listener) };
  const start = jest.spyOn(ApolloServer.prototype, 'start');
  const original = start.getMockImplementation();
  start.mockImplementation(function (this: ApolloServer<object>) {
    this.addPlugin(plugin);
    start.mockRestore();
    return original?.call(this) ?? this.start();
  });
}

const fails = () => Promise.reject(new Error('at fault'));

describe.each([
  'didResolveSource',
  'didResolveOperation',
  'responseForOperation',
  'willSendResponse',
] as const)('An error in Apollo Server’s pipeline, in %s', (hook) => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it.each(['{ __typename }', '{ environmentAccountConnections(first: 0) { totalCount } }'])(
    'is masked and logged like any other: %s',
    async (query) => {
      addPlugin({ [hook]: fails });
      const { url, lines, stop } = await startLogging(':memory:');
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-request-id': 'this-one' },
        body: JSON.stringify({ query }),
      });
      const body: unknown = await response.json();
      await stop();
      expect({ status: response.status, body }).toEqual({
        status: 500,
        body: {
          errors: [
            expect.objectContaining({
              message: 'Something went wrong on our side. The fault has been recorded.',
              extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'this-one' },
            }),
          ],
        },
      });
      expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
        expect.objectContaining({
          requestId: 'this-one',
          err: expect.objectContaining({ message: 'at fault' }) as unknown,
        }),
        expect.objectContaining({
          msg: 'request',
          requestId: 'this-one',
          outcome: 'INTERNAL_SERVER_ERROR',
        }),
      ]);
    },
  );
});

it('An error that two requests share is reported once for each', async () => {
  const shared = new Error('at fault');
  const reported: unknown[] = [];
  const apollo = new ApolloServer<GraphqlContext>({
    typeDefs: 'type Query { a: Int b: Int }',
    resolvers: { Query: { a: () => Promise.reject(shared), b: () => Promise.reject(shared) } },
    plugins: [errorReportingPlugin(5)],
  });
  const { service, store } = createControlPlane();
  for (const id of ['one', 'other']) {
    const context = createContext(service, unrestrictedViewer('someone'), (error) =>
      reported.push([id, error]),
    );
    await apollo.executeOperation(
      { query: '{ a b }' },
      {
        contextValue: createGraphqlContext(context, recordOf(id), () => undefined),
      },
    );
  }
  await apollo.stop();
  await store.close();
  expect(reported).toEqual([
    ['one', shared],
    ['other', shared],
  ]);
});

describe('In production, a client error', () => {
  let app: RunningApp;

  beforeAll(async () => {
    app = await startApp({ NODE_ENV: 'production' });
  });

  afterAll(() => app.stop());

  const STATUSES = 'environmentAccountConnections(filter: { statuses: [$status] }) { totalCount }';
  const BY_VARIABLE = `query ($status: EnvironmentAccountConnectionStatus!) { ${STATUSES} }`;

  it('suggests no names', async () => {
    const { errors } = await request(app.url, BY_VARIABLE, { status: 'PENDIN' });
    expect(errors).toMatchObject([
      {
        message: expect.stringMatching(
          /"PENDIN" does not exist in "EnvironmentAccountConnectionStatus" enum\.$/,
        ) as unknown,
      },
    ]);
    for (const document of ['{ environmentAccountConnectio { id } }', '{ environmentAccountConnections }']) {
      expect(JSON.stringify(await request(app.url, document))).not.toContain('Did you mean');
    }
  });

  // A regular expression took a minute for a quarter of this text.
  it.each([
    ['the value of a variable', BY_VARIABLE],
    ['a value in the document', '{ environmentAccountConnections(first: "$TEXT") { totalCount } }'],
  ])('is sent at once and truncated, whatever it repeats: %s', async (_name, document) => {
    const text = 'Did you mean '.repeat(75_000);
    const inDocument = document.includes('$TEXT');
    const { errors } = await request(
      app.url,
      document.replace('$TEXT', text),
      inDocument ? {} : { status: text },
    );
    expect(errors).toHaveLength(1);
    expect(errors?.[0]?.message.length).toBeLessThan(1_010);
  });

  it('is not reported as a server error, though execution finds it', async () => {
    const representations = await request(
      app.url,
      'query ($r: [_Any!] = []) { _entities(representations: $r) { __typename } }',
      { r: null },
    );
    const condition = await request(
      app.url,
      'query ($yes: Boolean = true) { __typename @include(if: $yes) }',
      {
        yes: null,
      },
    );
    for (const { errors } of [representations, condition]) {
      expect(errors).toMatchObject([
        {
          message: expect.stringContaining('must not be null') as unknown,
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ]);
    }
  });

  it('is reported at most five times, for variables too', async () => {
    const { errors } = await request(
      app.url,
      'query ($s: [EnvironmentAccountConnectionStatus!]) { environmentAccountConnections(filter: { statuses: $s }) { totalCount } }',
      { s: Array.from({ length: 60 }, () => 'X') },
    );
    expect(errors?.map(({ message, extensions }) => [message.slice(0, 40), extensions])).toEqual(
      Array.from({ length: 5 }, () => [
        'Variable "$s" got invalid value "X" at "',
        { code: 'BAD_USER_INPUT' },
      ]),
    );
  });
});

function recordOf(id: string): RequestRecord {
  return new RequestRecord(id, { server: 'graphql', observe: () => undefined });
}
