import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, gzipSync } from 'node:zlib';

import { startApp, type RunningApp } from '../support/app';
import { send, type SentRequest } from '../support/send';
import { PROJECT } from '../support/server-process';

const HTML = { accept: 'text/html,application/xhtml+xml' };
const get = (path: string, headers: Readonly<Record<string, string>> = {}): SentRequest => ({
  method: 'GET',
  path,
  headers,
});

const CONSOLE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "require-trusted-types-for 'script'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');
const EXPLORER_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');
const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** As `npm run build` made it. */
const INDEX = readFileSync(join(PROJECT, 'dist', 'console', 'index.html'), 'utf8');
const SCRIPT = /src="(\/console\/assets\/[^"]+\.js)"/.exec(INDEX)?.[1] ?? '';

describe('The pages of a server without authentication', () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  it('are the console below /console, whatever view the address names', async () => {
    for (const path of [
      '/console',
      '/console/',
      '/console/received?status=PENDING',
      '/console/connections/a/history',
    ]) {
      const { status, headers, text } = await send(app.url, get(path, HTML));
      expect([path, status, text === INDEX]).toEqual([path, 200, true]);
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'content-security-policy': CONSOLE_POLICY,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'x-frame-options': 'DENY',
      });
    }
    expect(app.console).toBe(new URL('/console', app.url).href);
  });

  it('are the explorer at /explorer/, under a policy of its own', async () => {
    const { status, headers, text } = await send(app.url, get('/explorer/', HTML));
    expect([status, text.includes('/explorer/assets/')]).toEqual([200, true]);
    expect(headers['content-security-policy']).toBe(EXPLORER_POLICY);
  });

  it('send a browser from / to the console, and nothing else', async () => {
    const { status, headers } = await send(app.url, get('/', HTML));
    expect([status, headers['location']]).toEqual([302, '/console/']);
    const other = await send(app.url, get('/', { accept: 'application/json' }));
    expect([other.status, other.headers['content-security-policy']]).toEqual([404, DATA_POLICY]);
    expect(other.text).toContain('GraphQL is at /graphql');
  });

  it('consist of files whose names change with them, compressed for browsers that can read it', async () => {
    const plain = await send(app.url, get(SCRIPT));
    expect([plain.status, plain.headers['content-encoding']]).toEqual([200, undefined]);
    const packed = await send(app.url, get(SCRIPT, { 'accept-encoding': 'gzip, br' }));
    expect(packed.headers['content-encoding']).toBe('br');
    expect(brotliDecompressSync(packed.bytes).equals(plain.bytes)).toBe(true);
    for (const { headers } of [plain, packed]) {
      expect(headers).toMatchObject({
        'content-type': 'application/javascript; charset=utf-8',
        'cache-control': 'public, max-age=31536000, immutable',
        vary: 'accept-encoding',
        'content-security-policy': CONSOLE_POLICY,
      });
    }
    const { status } = await send(app.url, get(SCRIPT, { 'if-none-match': String(plain.headers['etag']) }));
    expect(status).toBe(304);
  });

  it('have an icon', async () => {
    for (const path of ['/console/icon.svg', '/explorer/icon.svg']) {
      const { status, headers } = await send(app.url, get(path));
      expect([path, status, headers['content-type']]).toEqual([path, 200, 'image/svg+xml']);
    }
  });

  it.each([
    ['an asset that does not exist', get('/console/assets/nothing.js', HTML)],
    ['an asset of the explorer that does not exist', get('/explorer/assets/nothing.js', HTML)],
    ['an unknown path that a page did not ask for', get('/console/nothing', { accept: '*/*' })],
    ['a compressed copy by its name', get(`${SCRIPT}.br`)],
    ['a hidden file', get('/console/.inputs')],
    ['a file outside', get('/console/../main.js')],
    ['a file outside, encoded', get('/console/%2e%2e/main.js')],
    ['a file outside, its slash encoded too', get('/console/..%2F.tsbuildinfo')],
    ['the folder', get('/console/assets/', HTML)],
    ['a neighbour of the path', get('/consoles', HTML)],
  ])('do not include %s: 404', async (_what, request) => {
    const { status, headers } = await send(app.url, request);
    expect([status, headers['content-security-policy']]).toEqual([404, DATA_POLICY]);
  });

  it('can be read alone: GET and HEAD', async () => {
    const head = await send(app.url, { ...get('/console/'), method: 'HEAD' });
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', String(INDEX.length)]);
    for (const path of ['/console', '/console/received', SCRIPT, '/console/config.json', '/explorer/']) {
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
        const { status, headers } = await send(app.url, { method, path, headers: HTML });
        expect([path, method, status, headers['allow']]).toEqual([path, method, 405, 'GET, HEAD']);
      }
    }
  });

  it('have settings that say where GraphQL is, and that there is no sign-in', async () => {
    const { status, headers, text } = await send(app.url, get('/console/config.json'));
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-store');
    expect(JSON.parse(text)).toEqual({
      graphqlUrl: '/graphql',
      subscriptionsUrl: '/graphql',
      signIn: 'none',
      issuer: null,
      clientId: null,
      scope: null,
      audience: null,
      explorerUrl: '/explorer/',
    });
  });

  it('are refused for the name of another host, like everything else', async () => {
    for (const path of ['/', '/console', '/console/config.json', SCRIPT, '/explorer/']) {
      const { status, text } = await send(app.url, get(path, { ...HTML, host: 'evil.example.com' }));
      expect([path, status]).toEqual([path, 421]);
      expect(text).toContain('MISDIRECTED');
    }
  });

  it('leave the headers of data as they are', async () => {
    const { status, headers } = await send(app.url, { headers: { 'content-type': 'application/json' } });
    expect([status, headers['content-security-policy']]).toEqual([200, DATA_POLICY]);
  });

  it('load nothing from another origin, and run nothing inline', () => {
    for (const name of ['console', 'explorer']) {
      const html = readFileSync(join(PROJECT, 'dist', name, 'index.html'), 'utf8');
      const loaded = [...html.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, url = '']) => url);
      expect(loaded.length).toBeGreaterThan(2);
      expect(loaded.filter((url) => !url.startsWith(`/${name}/`))).toEqual([]);
      expect(html).not.toMatch(/<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=/);
    }
  });
});

describe('The files of the console', () => {
  const folder = join(PROJECT, 'dist', 'console', 'assets');
  const files = readdirSync(folder).filter((name) => /\.(?:js|css)$/.test(name));
  /** What a browser loads before it shows anything: what the page names, and what that imports. */
  const start = files.filter((name) => INDEX.includes(`/console/assets/${name}"`));
  const kilobytesOf = (ending: string): number =>
    start
      .filter((name) => name.endsWith(ending))
      .reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name))).length / 1_000, 0);

  it('that it starts with are at most 430 kB of scripts and 120 kB of styles, compressed', () => {
    expect(start.length).toBeGreaterThan(1);
    expect(kilobytesOf('.js')).toBeLessThanOrEqual(430);
    expect(kilobytesOf('.css')).toBeLessThanOrEqual(120);
    for (const name of start)
      expect(readFileSync(join(folder, name), 'utf8')).not.toMatch(/^import\b|\bfrom"\.\//);
  });

  it('have nothing of the explorer in them, and the sign-in at an issuer is in a file of its own', () => {
    const withText = (text: string) =>
      files.filter((name) => readFileSync(join(folder, name), 'utf8').includes(text));
    expect(withText('graphiql')).toEqual([]);
    expect(withText('monaco')).toEqual([]);
    const signIn = withText('code_verifier');
    expect(signIn.length).toBeGreaterThan(0);
    expect(start.filter((name) => signIn.includes(name))).toEqual([]);
  });
});

describe('The pages where', () => {
  const SECRET = 'a-secret-that-only-the-router-has';
  const USERS = {
    AUTH_JWT_ISSUER: 'https://login.example.com',
    AUTH_JWT_AUDIENCE: 'proton-subgraph',
    // Nothing listens there: no token can be verified.
    AUTH_JWKS_URL: 'http://127.0.0.1:9/keys',
  };
  const apps: RunningApp[] = [];
  const start = async (environment: Readonly<Record<string, string>>) => {
    const app = await startApp(environment);
    apps.push(app);
    return app;
  };
  afterAll(() => Promise.all(apps.map((app) => app.stop())));

  it('users authenticate need no token, and say how to sign in', async () => {
    const { url } = await start({ ...USERS, MAX_IN_FLIGHT: '1' });
    for (const path of ['/', '/console/', SCRIPT, '/explorer/'])
      expect([path, (await send(url, get(path, HTML))).status < 400]).toEqual([path, true]);
    const { text } = await send(url, get('/console/config.json'));
    expect(JSON.parse(text)).toMatchObject({ signIn: 'token', issuer: null });
    const { status } = await send(url, { headers: { 'content-type': 'application/json' } });
    expect(status).toBe(503);
  });

  it('users sign in at an issuer may connect to that and to its origins', async () => {
    const { url } = await start({
      ...USERS,
      NODE_ENV: 'production',
      CONSOLE: 'on',
      CONSOLE_OIDC_CLIENT_ID: 'console',
      CONSOLE_OIDC_AUDIENCE: 'https://api.example.com',
      CONSOLE_OIDC_ORIGINS: 'https://tokens.example.com',
      CONSOLE_GRAPHQL_URL: 'https://gateway.example.com/graphql',
    });
    const { headers } = await send(url, get('/console/', HTML));
    expect(String(headers['content-security-policy'])).toContain(
      "; connect-src 'self' https://gateway.example.com wss://gateway.example.com https://login.example.com https://tokens.example.com;",
    );
    const { text } = await send(url, get('/console/config.json'));
    expect(JSON.parse(text)).toEqual({
      graphqlUrl: 'https://gateway.example.com/graphql',
      subscriptionsUrl: 'wss://gateway.example.com/graphql',
      signIn: 'oidc',
      issuer: 'https://login.example.com',
      clientId: 'console',
      scope: 'openid',
      audience: 'https://api.example.com',
      explorerUrl: null,
    });
    // Without introspection there is no explorer.
    expect((await send(url, get('/explorer/', HTML))).status).toBe(404);
  });

  it('a router must authenticate are 401, like everything else', async () => {
    const { url, console } = await start({ ROUTER_SECRET: SECRET, CONSOLE: 'on' });
    expect(console).toBeUndefined();
    for (const path of [
      '/',
      '/console',
      '/console/assets/x',
      SCRIPT,
      '/console/config.json',
      '/explorer',
      '/explorer/',
    ])
      expect([path, (await send(url, get(path, HTML))).status]).toEqual([path, 401]);
    const asRouter = await send(url, get('/console', { ...HTML, 'router-authorization': SECRET }));
    expect(asRouter.status).toBe(404);
  });

  it('the console is turned off, or in production by default, do not exist', async () => {
    for (const environment of [{ CONSOLE: 'off' }, { NODE_ENV: 'production' }]) {
      const { url, console } = await start(environment);
      expect(console).toBeUndefined();
      for (const path of ['/', '/console', SCRIPT, '/explorer/'])
        expect([path, (await send(url, get(path, HTML))).status]).toEqual([path, 404]);
    }
  });

  it('they have a port of their own are all that there is on it', async () => {
    const { url, console = '' } = await start({
      ROUTER_SECRET: SECRET,
      CONSOLE_PORT: '0',
      CONSOLE_GRAPHQL_URL: 'http://127.0.0.1:4000/',
    });
    expect(new URL(console).port).not.toBe(new URL(url).port);
    expect((await send(console, get('/', HTML))).headers['location']).toBe('/console/');
    for (const path of ['/console/', '/console/received', SCRIPT, '/explorer/'])
      expect([path, (await send(console, get(path, HTML))).status]).toEqual([path, 200]);
    const { headers } = await send(console, get('/console/', HTML));
    expect(headers['content-security-policy']).toBe(
      CONSOLE_POLICY.replace(
        "connect-src 'self'",
        "connect-src 'self' http://127.0.0.1:4000 ws://127.0.0.1:4000",
      ),
    );
    const { text } = await send(console, get('/console/config.json'));
    expect(JSON.parse(text)).toMatchObject({ graphqlUrl: 'http://127.0.0.1:4000/', signIn: 'token' });
    for (const path of ['/graphql', '/health/live', '/metrics', '/nothing']) {
      for (const method of ['GET', 'POST']) {
        const { status, headers: sent } = await send(console, { method, path, headers: HTML });
        expect([path, method, status, sent['content-security-policy']]).toEqual([
          path,
          method,
          404,
          DATA_POLICY,
        ]);
      }
    }
    expect((await send(console, { method: 'POST', path: '/console' })).status).toBe(405);
    expect((await send(console, get('/console/%zz'))).status).toBe(400);
    expect((await send(console, get('/console', { host: 'a b' }))).status).toBe(400);
  });

  it('a port of their own answers without authentication for this machine alone', async () => {
    const { console = '' } = await start({
      CONSOLE_PORT: '0',
      CONSOLE_GRAPHQL_URL: 'http://127.0.0.1:4000/',
    });
    expect((await send(console, get('/console', { ...HTML, host: 'evil.example.com' }))).status).toBe(421);
  });
});
