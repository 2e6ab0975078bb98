import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';

import { Hash } from '@smithy/hash-node';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';

import { createAccessKeys } from '../../src/control-plane/access-keys/access-keys';
import { readAccessKeyEncryptionKey } from '../../src/config/config';
import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import { startApp, type RunningApp } from '../support/app';
import { sendHttp, type WireResponse, type WireRequest } from '../support/aws-call';
import { useTemporaryFolder } from '../support/folder';
import { ENVIRONMENT } from '../support/proton';
import { createKeys, tokenOf, useKeyFile } from './issuer';
import { codeOf, startPosting } from './posting';

const COUNT = '{ environmentAccountConnections { totalCount } }';
const FORWARDED = 'x-forwarded-authorization';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface Signing {
  readonly service?: string;
  readonly region?: string;
  readonly method?: string;
  readonly path?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly unsigned?: readonly string[];
  readonly body?: string;
  readonly date?: Date;
}

type Signed = Required<WireRequest> & { readonly headers: Readonly<Record<string, string>> };
type Tamper = (request: Signed) => WireRequest;

const asSent: Tamper = (request) => request;
const withHeaders =
  (headers: Readonly<Record<string, string | string[]>>): Tamper =>
  (request) => ({ ...request, headers: { ...request.headers, ...headers } });

describe('With a router that signs', () => {
  const folder = useTemporaryFolder();
  const keys = createKeys('ES256');
  const user = useKeyFile(keys);
  let app: RunningApp;
  let router: Credentials;
  let other: Credentials;

  /** Starts the app over a store with two keys. Only one is the router's. */
  async function start(settings: Readonly<Record<string, string>>): Promise<void> {
    const location = folder.path('store.db');
    const ACCESS_KEY_ENCRYPTION_KEY = randomBytes(32).toString('base64');
    const encryptionKey = readAccessKeyEncryptionKey({ ACCESS_KEY_ENCRYPTION_KEY });
    if (!encryptionKey) throw new Error('there is a key');
    const store = openSqliteStore({ location });
    const accessKeys = createAccessKeys({ store: store.accessKeys, encryptionKey });
    router = await accessKeys.issue(ENVIRONMENT);
    other = await accessKeys.issue(ENVIRONMENT);
    await store.close();
    app = await startApp({
      DATABASE_URL: `sqlite:${location}`,
      ACCESS_KEY_ENCRYPTION_KEY,
      ROUTER_ACCESS_KEY_IDS: `AKIAUNKNOWN000000000,${router.accessKeyId}`,
      PROTON_ENDPOINT_PORT: 'off',
      ...settings,
    });
  }

  afterEach(() => app.stop());

  async function sign(credentials: Credentials, signing: Signing = {}): Promise<Signed> {
    const { service = 'proton-subgraph', region = 'us-east-1', method = 'POST', path = '/graphql' } = signing;
    const { query = {}, headers = {}, unsigned = [], date = new Date() } = signing;
    const { body = method === 'POST' ? JSON.stringify({ query: COUNT }) : '' } = signing;
    const signer = new SignatureV4({
      service,
      region,
      credentials,
      sha256: Hash.bind(null, 'sha256'),
      applyChecksum: false,
    });
    const signed = await signer.sign(
      new HttpRequest({
        method,
        path,
        query: { ...query },
        headers: { host: new URL(app.url).host, 'content-type': 'application/json', ...headers },
        body,
      }),
      { signingDate: date, unsignableHeaders: new Set(unsigned) },
    );
    const search = Object.entries(query)
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .join('&');
    return { method, path: search ? `${path}?${search}` : path, headers: signed.headers, body };
  }

  async function send(
    signing: Signing = {},
    tamper: Tamper = asSent,
    credentials = router,
  ): Promise<WireResponse> {
    return sendHttp(new URL(app.url).origin, tamper(await sign(credentials, signing)));
  }

  it('signed requests are accepted in every form of GraphQL over HTTP, and no others', async () => {
    await start({});
    const good: readonly [Signing, Tamper][] = [
      [{}, asSent],
      [{ headers: { 'x-amz-content-sha256': sha256(JSON.stringify({ query: COUNT })) } }, asSent],
      [{ region: 'eu-central-1', unsigned: ['content-type'] }, asSent],
      [{}, withHeaders({ 'x-unsigned': 'this' })],
      [
        {
          method: 'GET',
          query: { query: `query q ${COUNT}`, operationName: 'q', nothing: '' },
          headers: { 'apollo-require-preflight': 'a  b' },
        },
        asSent,
      ],
      [
        { method: 'GET', query: { query: '{ a: __typename }', variables: `{"ä": "+ %&=!'()*"}` } },
        withHeaders({ 'apollo-require-preflight': 'true' }),
      ],
    ];
    for (const [signing, tamper] of good) {
      expect([signing, (await send(signing, tamper)).status]).toEqual([signing, 200]);
    }

    const late = new Date(Date.now() - 16 * 60_000);
    const bad: readonly [string, Signing, Tamper, Credentials?][] = [
      [
        'unsigned',
        {},
        ({ method, path, body }) => ({ method, path, body, headers: { 'content-type': 'application/json' } }),
      ],
      ['for another service', { service: 'proton' }, asSent],
      ['in no Region', { region: 'nowhere' }, asSent],
      ['too long ago', { date: late }, asSent],
      ['with a key that is not the router’s', {}, asSent, other],
      ['with a wrong secret', {}, asSent, { ...router, secretAccessKey: other.secretAccessKey }],
      ['with a key that does not exist', {}, asSent, { ...router, accessKeyId: 'AKIAUNKNOWN000000000' }],
      ['for another body', {}, (request) => ({ ...request, body: '{"query":"{__typename}"}' })],
      ['for another method', {}, (request) => ({ ...request, method: 'PUT' })],
      ['for another query string', {}, (request) => ({ ...request, path: '/graphql?x=1' })],
      ['for another path', {}, (request) => ({ ...request, path: '/graphql/x' })],
      ['for another host', {}, withHeaders({ host: 'other.example' })],
      ['with a session token', {}, withHeaders({ 'x-amz-security-token': 'token' })],
      ['with a signed session token', { headers: { 'x-amz-security-token': 'token' } }, asSent],
      [
        'twice',
        {},
        (request) => withHeaders({ authorization: [request.headers['authorization'] ?? '', ''] })(request),
      ],
      ['with a hash of another body', { headers: { 'x-amz-content-sha256': sha256('') } }, asSent],
      ['with no hash at all', { headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }, asSent],
      ['with an unsigned token of a user', {}, withHeaders({ [FORWARDED]: 'Bearer x' })],
      ['for a preflight', { method: 'GET' }, (request) => ({ ...request, method: 'OPTIONS' })],
    ];
    for (const [title, signing, tamper, credentials] of bad) {
      const response = await send(signing, tamper, credentials);
      expect([title, response.status, codeOf(response)]).toEqual([title, 401, 'UNAUTHENTICATED']);
    }
  });

  it('a body is verified before it is parsed, whatever its type', async () => {
    await start({});
    for (const type of ['application/json', 'application/xml', ';', '']) {
      const headers = { 'content-type': type };
      const wrong = await send({ headers, body: '{' }, (request) => ({ ...request, body: '}' }));
      expect([type, wrong.status]).toEqual([type, 401]);
      expect((await send({ headers, body: '{' })).status).toBeGreaterThanOrEqual(400);
      expect((await send({ headers, body: '{' })).status).not.toBe(401);
    }
    const long = await send({ body: 'x'.repeat(1_048_577) });
    expect([long.status, codeOf(long)]).toEqual([413, 'BODY_TOO_LARGE']);
  });

  it('its requests may do everything, as the router', async () => {
    await start({});
    const query = `mutation {
      createEnvironmentAccountConnection(
        input: { managementAccountId: "111111111111", environmentAccountId: "222222222222", environmentName: "a" }
      ) { data { history { nodes { actor } } } }
    }`;
    expect((await send({ body: JSON.stringify({ query }) })).text).toContain('"actor":"router"');
  });

  it('a user’s token comes in a header that the router signs', async () => {
    await start(user);
    const token = await tokenOf(keys, { claims: { sub: 'ann' } });
    const signed = { headers: { [FORWARDED]: `Bearer ${token}` } };
    expect((await send(signed)).status).toBe(200);
    const expected = [401, 'UNAUTHENTICATED'];
    for (const [signing, tamper] of [
      [{}, asSent],
      [{}, withHeaders({ [FORWARDED]: `Bearer ${token}` })],
      [{ ...signed, unsigned: [FORWARDED] }, asSent],
      [signed, withHeaders({ [FORWARDED]: `Bearer ${await tokenOf(keys, { claims: { sub: 'bob' } })}` })],
      [{ headers: { [FORWARDED]: 'Bearer nonsense' } }, asSent],
      [{ headers: { [FORWARDED]: token } }, asSent],
    ] as const) {
      const response = await send(signing, tamper);
      expect([response.status, codeOf(response)]).toEqual(expected);
    }
    expect((await send({ body: JSON.stringify({ query: '{ _service { sdl } }' }) })).status).toBe(200);
  });

  it('a wrong signature reveals nothing about a token, spends nothing of the user’s rate limit, and occupies no slot', async () => {
    await start({ ...user, SUBJECT_REQUESTS_PER_MINUTE: '1', MAX_IN_FLIGHT: '1' });
    const tokens = ['nonsense', await tokenOf(createKeys('ES256')), await tokenOf(keys)];
    const wrong = { ...router, secretAccessKey: other.secretAccessKey };
    const responses: WireResponse[] = [];
    for (const token of [...tokens, ...tokens]) {
      responses.push(await send({ headers: { [FORWARDED]: `Bearer ${token}` } }, asSent, wrong));
    }
    expect(new Set(responses.map(({ status, text }) => `${String(status)} ${text}`)).size).toBe(1);
    expect(responses[0]?.status).toBe(401);

    const good = { headers: { [FORWARDED]: `Bearer ${await tokenOf(keys)}` } };
    const { headers } = await sign(wrong, good);
    const unfinished = startPosting(app.url, headers);
    expect((await send(good)).status).toBe(200);
    unfinished.destroy();
  });

  it('a body that does not arrive ends in a timeout', async () => {
    await start({ REQUEST_TIMEOUT_MS: '200' });
    const { headers } = await sign(router);
    const [response] = (await once(startPosting(app.url, headers), 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(408);
  });

  it('a revoked key is refused', async () => {
    const location = folder.path('store.db');
    await start({});
    expect((await send()).status).toBe(200);
    const store = openSqliteStore({ location });
    await store.accessKeys.revoke(router.accessKeyId, Date.now());
    await store.close();
    expect((await send()).status).toBe(401);
  });
});
