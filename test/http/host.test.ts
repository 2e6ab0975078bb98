import { startApp, type RunningApp } from '../support/app';
import { sendBytes } from '../support/raw-http';

const ENCRYPTION_KEY = Buffer.alloc(32, 1).toString('base64');

/** All modes of authentication. */
const MODES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['without authentication', {}],
  ['with ALLOW_UNAUTHENTICATED', { ALLOW_UNAUTHENTICATED: 'true' }],
  ['with a router secret', { ROUTER_SECRET: 'secret' }],
  ['with signed requests', { PROTON_ENDPOINT_AUTH: 'sigv4', ACCESS_KEY_ENCRYPTION_KEY: ENCRYPTION_KEY }],
];

const PORTS = [
  {
    port: 'GraphQL',
    urlOf: ({ url }: RunningApp) => url,
    paths: ['/graphql', '/nothing', '/%zz'],
    refusal:
      /^HTTP\/1\.1 400 .*"message":"The (request|Host header|URL) [^"]+","extensions":\{"code":"BAD_REQUEST"\}\}\]\}$/s,
  },
  {
    port: 'AWS clients',
    urlOf: ({ protonEndpoint = '' }: RunningApp) => protonEndpoint,
    paths: ['/', '/nothing', '/%zz'],
    refusal: /^HTTP\/1\.1 400 .*#SerializationException","message":"The (request|Host header|URL) [^"]+"\}$/s,
  },
  {
    port: 'health and metrics',
    urlOf: ({ admin = '' }: RunningApp) => admin,
    paths: ['/health/live', '/metrics', '/nothing'],
    refusal: /^HTTP\/1\.1 400 .*\{"message":"The (request|Host header|URL) [^"]+"\}$/s,
  },
] as const;

const INVALID = [
  '',
  ':4001',
  '%%%',
  '%4',
  'a b',
  'a, b',
  'a/b',
  'a?b',
  'user@localhost',
  'localhost:evil.example.com',
  'localhost:80:80',
  'http://localhost',
  '[::1',
  '::1',
  '[::1]x',
  '[fe80::1%lo]',
  '[1.2.3.4]',
  '[v1]',
  'löcalhost',
];

const VALID = [
  'localhost',
  'LOCALHOST:4001',
  'localhost:',
  '127.0.0.1:1',
  '[::1]',
  '[::1]:4001',
  'a_b-c.localhost',
];

const BODY = '{"query":"{ __typename }"}';

/** A request with these header fields that closes its connection. */
function requestOf(
  target: string,
  fields: readonly string[],
  { method = 'POST', version = '1.1' }: { readonly method?: string; readonly version?: string } = {},
): string {
  return [
    `${method} ${target} HTTP/${version}`,
    ...fields,
    'Connection: close',
    'Content-Type: application/json',
    'X-Amz-Target: AwsProton20200720.ListEnvironmentAccountConnections',
    `Content-Length: ${String(BODY.length)}`,
    '',
    BODY,
  ].join('\r\n');
}

describe.each(MODES)('%s', (_mode, environment) => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp(environment);
  });
  afterAll(() => app.stop());

  describe.each(PORTS)('the port of $port', ({ urlOf, paths, refusal }) => {
    const send = (...request: Parameters<typeof requestOf>) => sendBytes(urlOf(app), requestOf(...request));

    it.each([
      ['two Host headers', ['Host: localhost', 'Host: localhost']],
      ['two Host headers that differ', ['Host: localhost', 'X: y', 'HOST: example.com']],
      ['no Host header', []],
    ])('rejects a request with %s, whatever its path and method', async (_title, fields) => {
      for (const path of paths) {
        for (const method of ['POST', 'GET', 'OPTIONS']) {
          expect(await send(path, fields, { method })).toMatch(refusal);
        }
      }
    });

    it.each(INVALID)('rejects the Host header “%s”', async (host) => {
      expect(await send(paths[0], [`Host: ${host}`])).toMatch(refusal);
      expect(await send(paths[0], [`Host: ${host}`], { version: '1.0' })).toMatch(refusal);
    });

    it.each(VALID)('accepts the Host header “%s”', async (host) => {
      const response = await send(paths[0], [`Host: ${host}`]);
      expect(response).toMatch(/^HTTP\/1\.1 [2-5]/);
      expect(response).not.toMatch(refusal);
      expect(response).not.toMatch(/^HTTP\/1\.1 421/);
    });

    it('rejects a request before its body arrives', async () => {
      const head = requestOf(paths[0], ['Host: a', 'Host: b']).slice(0, -BODY.length);
      expect(await sendBytes(urlOf(app), head)).toMatch(refusal);
    });

    it('rejects a request with an Expect header', async () => {
      expect(await send(paths[0], ['Host: a', 'Host: b', 'Expect: more'])).toMatch(refusal);
    });

    it.each(['http://user@localhost', 'http://[::1', 'http://localhost:x'])(
      'rejects a request for the URL %s',
      async (origin) => {
        expect(await send(`${origin}${paths[0]}`, ['Host: localhost'])).toMatch(/^HTTP\/1\.1 400 /);
      },
    );
  });

  it('rejects CONNECT with two Host headers with 400', async () => {
    for (const { urlOf } of PORTS) {
      const response = await sendBytes(
        urlOf(app),
        'CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\nHost: localhost:1\r\n\r\n',
      );
      expect(response).toMatch(/^HTTP\/1\.1 400 /);
    }
  });
});

describe('A request with an absolute URL', () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  it('gets the same response as one for the path', async () => {
    const { url, admin = '' } = app;
    const fields = ['Host: localhost'];
    expect(await sendBytes(url, requestOf('http://localhost/graphql', fields))).toMatch(
      /\{"data":\{"__typename":"Query"\}\}\s*$/,
    );
    const request = requestOf('http://localhost/health/live', fields, { method: 'GET' });
    expect(await sendBytes(admin, request)).toMatch(/\{"live":true\}$/);
  });

  it('is checked by the host in the URL, whatever the Host header says', async () => {
    const { url, admin = '', protonEndpoint = '' } = app;
    for (const [address, path, refusal] of [
      [url, '/graphql', /^HTTP\/1\.1 421 /],
      [admin, '/health/live', /^HTTP\/1\.1 421 /],
      [protonEndpoint, '/', /#AccessDeniedException/],
    ] as const) {
      const own = await sendBytes(address, requestOf(`http://localhost${path}`, ['Host: evil.example.com']));
      expect(own).not.toMatch(refusal);
      const foreign = await sendBytes(
        address,
        requestOf(`http://evil.example.com${path}`, ['Host: localhost']),
      );
      expect(foreign).toMatch(refusal);
    }
  });
});

it('HTTP/1.0 needs a Host header as well', async () => {
  const app = await startApp({ ALLOW_UNAUTHENTICATED: 'true', HOST: '127.0.0.1' });
  const response = await sendBytes(app.url, requestOf('/graphql', [], { version: '1.0' }));
  const probe = await sendBytes(app.admin ?? '', 'GET /health/live HTTP/1.0\r\n\r\n');
  const named = await sendBytes(app.admin ?? '', 'GET /health/live HTTP/1.0\r\nHost: localhost\r\n\r\n');
  await app.stop();
  expect(response).toMatch(/^HTTP\/1\.1 400 .*The request has no Host header/s);
  expect(probe).toMatch(/^HTTP\/1\.1 400 .*The request has no Host header/s);
  expect(named).toMatch(/^HTTP\/1\.1 200 .*\{"live":true\}$/s);
});
