import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';

import BetterSqlite3 from 'better-sqlite3';
import { SignJWT } from 'jose';

import { createAccessKeys } from '../../src/control-plane/access-keys/access-keys';
import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import { signedRequest } from '../support/aws-signing';
import { sendHttp, type WireHeaders } from '../support/aws-call';
import { useTemporaryFolder } from '../support/folder';
import { readMetrics } from '../support/metrics';
import { startOtlpReceiver } from '../support/otlp-receiver';
import { account } from '../support/proton';
import { startServerProcess, type ServerProcess } from '../support/server-process';

const folder = useTemporaryFolder();

/** Secrets that must not be printed, by the place where the test puts them. */
const canaries = new Map<string, string>();

function canary(place: string, value = `canary${randomBytes(12).toString('hex')}`): string {
  canaries.set(place, value);
  return value;
}

/** The places of the secrets that a text contains, plain or encoded. */
function leaksIn(text: string): readonly string[] {
  return [...canaries]
    .filter(([, value]) =>
      [value, Buffer.from(value).toString('base64').replace(/=+$/, ''), encodeURIComponent(value)].some(
        (form) => text.includes(form),
      ),
    )
    .map(([place]) => place);
}

const CREATE = `mutation ($input: CreateEnvironmentAccountConnectionInput!) {
  createEnvironmentAccountConnection(input: $input) { success }
}`;

async function post(url: string, headers: WireHeaders, body: string): Promise<number> {
  const { origin, pathname } = new URL(url);
  const { status } = await sendHttp(origin, {
    path: pathname,
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return status;
}

async function outputOf(server: ServerProcess): Promise<string> {
  const { text } = await readMetrics(server.admin);
  await server.end('SIGTERM');
  return text + server.printed();
}

it('No secret is in the log at any level, in a metric or in a span', async () => {
  const receiver = await startOtlpReceiver();
  const encryptionKey = randomBytes(32);
  const file = folder.path('proton.db');
  const store = openSqliteStore({ location: file });
  const accessKeys = createAccessKeys({
    store: store.accessKeys,
    encryptionKey: createSecretKey(encryptionKey),
  });
  await accessKeys.bind();
  const key = await accessKeys.issue(account('111111111111'));
  await store.close();
  canary('secret access key', key.secretAccessKey);

  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(folder.path('key.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
  const token = await new SignJWT({ aws_accounts: ['*'], secret: canary('claim of the token') })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer('https://issuer.example')
    .setAudience('proton')
    .setSubject('jane')
    .setExpirationTime('1h')
    .sign(privateKey);
  token.split('.').forEach((part, index) => canary(`part ${String(index)} of the token`, part));

  const secret = canary('ROUTER_SECRET');
  const server = await startServerProcess({
    LOG_LEVEL: 'trace',
    DATABASE_URL: `sqlite:${file}`,
    STORE_LOCK_TIMEOUT_MS: '0',
    ROUTER_SECRET: `${canary('the other ROUTER_SECRET')},${secret}`,
    AUTH_JWT_ISSUER: 'https://issuer.example',
    AUTH_JWT_AUDIENCE: 'proton',
    AUTH_JWT_PUBLIC_KEY_FILE: folder.path('key.pem'),
    PROTON_ENDPOINT_AUTH: 'sigv4',
    ACCESS_KEY_ENCRYPTION_KEY: canary('ACCESS_KEY_ENCRYPTION_KEY', encryptionKey.toString('base64')),
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.origin,
    OTEL_EXPORTER_OTLP_HEADERS: `api-key=${canary('OTEL_EXPORTER_OTLP_HEADERS')}`,
  });
  const router = { 'router-authorization': secret };
  const user = { ...router, authorization: `Bearer ${token}` };
  const others = {
    cookie: `session=${canary('cookie')}`,
    'x-api-key': canary('x-api-key'),
    'x-amz-security-token': canary('x-amz-security-token'),
    'x-forwarded-authorization': `Bearer ${canary('x-forwarded-authorization')}`,
    'x-request-id': `not an id ${canary('x-request-id')}`,
  };
  const input = (clientToken: string) =>
    JSON.stringify({
      query: CREATE,
      variables: {
        input: {
          managementAccountId: '111111111111',
          environmentAccountId: '222222222222',
          environmentName: 'a',
          clientToken,
        },
      },
    });
  const graphql = [
    await post(server.url, { ...user, ...others }, input(canary('clientToken'))),
    await post(server.url, { 'router-authorization': canary('a wrong router-authorization') }, '{}'),
    await post(server.url, { ...router, authorization: `Bearer ${canary('an invalid token')}` }, '{}'),
    await post(server.url, { ...router, authorization: `Basic ${canary('basic credentials')}` }, '{}'),
    await post(server.url, user, `{"query": "${canary('a body that is not JSON')}`),
    await post(server.url, user, `{"query": "{ ${canary('an invalid document')}("}`),
    await post(
      server.url,
      user,
      JSON.stringify({ query: CREATE, variables: { input: canary('a variable of a wrong type') } }),
    ),
    await post(`${server.url}?token=${canary('query string')}`, user, '{}'),
    await post(server.url.replace('/graphql', `/${canary('path')}`), user, '{}'),
  ];
  expect(graphql).toEqual([200, 401, 401, 401, 400, 400, expect.any(Number), 400, 404]);

  // A fault of the server: another process holds the lock of the store.
  const other = new BetterSqlite3(file);
  other.exec('BEGIN IMMEDIATE');
  await post(server.url, user, input(canary('clientToken of a fault')));
  other.close();

  const origin = server.protonEndpoint ?? '';
  const signed = await signedRequest(origin, key);
  const signature = /Signature=(\w+)/.exec(String(signed.headers['authorization']))?.[1] ?? '';
  canary('signature', signature);
  const endpoint = [
    await sendHttp(origin, signed),
    await sendHttp(origin, { ...signed, headers: { ...signed.headers, ...others } }),
    await sendHttp(origin, { ...signed, body: `{"${canary('a body that was not signed')}` }),
    await sendHttp(origin, {
      headers: { ...signed.headers, authorization: `AWS4-HMAC-SHA256 ${canary('a broken signature')}` },
    }),
    await sendHttp(origin, { path: `/?X-Amz-Signature=${canary('a signature in the query string')}` }),
  ];
  expect(endpoint.map(({ status }) => status)).toEqual([200, 400, 400, 400, 400]);

  const output = await outputOf(server);
  const faults = server.log().filter(({ msg }) => msg === 'a request failed');
  const spans = receiver.bytes().toString('latin1');
  await receiver.stop();

  expect(leaksIn(output)).toEqual([]);
  expect(leaksIn(spans)).toEqual([]);
  // The secrets existed, and every request was logged.
  expect(canaries.size).toBeGreaterThan(20);
  expect(server.log().filter(({ msg }) => msg === 'request')).toHaveLength(15);
  expect(faults).toHaveLength(1);
  // The fault has the id of its request.
  const failed = server.log().filter(({ outcome }) => outcome === 'UNAVAILABLE');
  expect(failed.map(({ requestId }) => requestId)).toEqual(faults.map(({ requestId }) => requestId));
  expect(spans).toContain('POST /graphql');
});

it('No AWS credentials are in the log when the endpoint can’t be reached', async () => {
  const server = await startServerProcess({
    LOG_LEVEL: 'trace',
    PROTON_UPSTREAM: 'http://127.0.0.1:1',
    PROTON_ACCOUNTS: '111111111111',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: canary('AWS_SECRET_ACCESS_KEY'),
    AWS_SESSION_TOKEN: canary('AWS_SESSION_TOKEN'),
  });
  expect(
    await post(server.url, {}, '{"query":"{ environmentAccountConnections { edges { cursor } } }"}'),
  ).toBe(200);
  const output = await outputOf(server);
  expect(server.log().filter(({ level }) => Number(level) >= 40).length).toBeGreaterThan(0);
  expect(leaksIn(output)).toEqual([]);
});
