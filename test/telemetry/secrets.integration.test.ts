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

/** Secrets that nothing may print; each tells where it was put. */
const canaries = new Map<string, string>();

function canary(place: string, value = `canary${randomBytes(12).toString('hex')}`): string {
  canaries.set(place, value);
  return value;
}

/** Where a secret was put that stands in a text, in one of the forms that it might have there. */
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

async function everythingToldBy(server: ServerProcess): Promise<string> {
  const { text } = await readMetrics(server.admin);
  await server.end('SIGTERM');
  return text + server.printed();
}

it('tells no secret: in no line of the log at any level, in no metric, in no span', async () => {
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
  const person = { ...router, authorization: `Bearer ${token}` };
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
    await post(server.url, { ...person, ...others }, input(canary('clientToken'))),
    await post(server.url, { 'router-authorization': canary('a wrong router-authorization') }, '{}'),
    await post(server.url, { ...router, authorization: `Bearer ${canary('a token that is none')}` }, '{}'),
    await post(server.url, { ...router, authorization: `Basic ${canary('basic credentials')}` }, '{}'),
    await post(server.url, person, `{"query": "${canary('a body that is no JSON')}`),
    await post(server.url, person, `{"query": "{ ${canary('a document that is none')}("}`),
    await post(
      server.url,
      person,
      JSON.stringify({ query: CREATE, variables: { input: canary('a variable of a wrong type') } }),
    ),
    await post(`${server.url}?token=${canary('query string')}`, person, '{}'),
    await post(server.url.replace('/graphql', `/${canary('path')}`), person, '{}'),
  ];
  expect(graphql).toEqual([200, 401, 401, 401, 400, 400, expect.any(Number), 400, 404]);

  // A fault: the store can't be written while another process has it.
  const other = new BetterSqlite3(file);
  other.exec('BEGIN IMMEDIATE');
  await post(server.url, person, input(canary('clientToken of a fault')));
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

  const told = await everythingToldBy(server);
  const faults = server.log().filter(({ msg }) => msg === 'a request failed');
  const spans = receiver.bytes().toString('latin1');
  await receiver.stop();

  expect(leaksIn(told)).toEqual([]);
  expect(leaksIn(spans)).toEqual([]);
  // They were all there to be found, and something was told of each request.
  expect(canaries.size).toBeGreaterThan(20);
  expect(server.log().filter(({ msg }) => msg === 'request')).toHaveLength(15);
  expect(faults).toHaveLength(1);
  // A fault is found by the id that its request has.
  const failed = server.log().filter(({ outcome }) => outcome === 'UNAVAILABLE');
  expect(failed.map(({ requestId }) => requestId)).toEqual(faults.map(({ requestId }) => requestId));
  expect(spans).toContain('POST /graphql');
});

it('tells no credentials of AWS, of an endpoint that can’t be reached, nor of one that refuses them', async () => {
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
  const told = await everythingToldBy(server);
  expect(server.log().filter(({ level }) => Number(level) >= 40).length).toBeGreaterThan(0);
  expect(leaksIn(told)).toEqual([]);
});
