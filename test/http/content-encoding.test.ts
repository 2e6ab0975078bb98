import { gzipSync } from 'node:zlib';

import { startApp, type RunningApp } from '../support/app';
import { sendHttp, unsignedHeaders } from '../support/aws-call';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const graphql = (
  encoding: string | readonly string[],
  body: string | Buffer = '{"query":"{ __typename }"}',
) =>
  sendHttp(app.url, {
    path: '/graphql',
    headers: { host: 'localhost', 'content-type': 'application/json', 'content-encoding': encoding },
    body,
  });

const aws = (
  encoding: string | readonly string[],
  body: string | Buffer = '{"requestedBy":"ENVIRONMENT_ACCOUNT"}',
) =>
  sendHttp(app.protonEndpoint ?? '', {
    headers: {
      ...unsignedHeaders('111111111111', 'ListEnvironmentAccountConnections'),
      'content-encoding': encoding,
    },
    body,
  });

it.each([
  'identity',
  'Identity',
  'IDENTITY',
  '',
  ' ',
  ',',
  'identity, identity',
  'identity,Identity ,, identity',
  ['identity', 'identity'],
  ['', 'Identity'],
])('a body with Content-Encoding %j is accepted unchanged', async (encoding) => {
  expect(await graphql(encoding)).toMatchObject({ status: 200, output: { data: { __typename: 'Query' } } });
  expect(await aws(encoding)).toMatchObject({ status: 200 });
});

it.each([
  'gzip',
  'GZIP',
  'identity, gzip',
  'x-identity',
  'identity;q=1',
  'identity identity',
  ['identity', 'br'],
])('GraphQL rejects Content-Encoding %j', async (encoding) => {
  const refused = await graphql(encoding);
  expect(refused.status).toBe(415);
  expect(refused.text).toContain('The body must not be compressed; it is: ');
  expect(refused.text).toContain('UNSUPPORTED_MEDIA_TYPE');
});

it('neither server reads a compressed body', async () => {
  expect((await graphql('gzip', gzipSync('{"query":"{ __typename }"}'))).status).toBe(415);
  expect(await aws('gzip', gzipSync('{"requestedBy":"ENVIRONMENT_ACCOUNT"}'))).toMatchObject({
    status: 400,
    error: 'SerializationException',
  });
});
