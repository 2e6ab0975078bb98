import { createHash } from 'node:crypto';

import { startApp, type RunningApp } from '../support/app';
import { callAs } from '../support/aws-call';
import { send, type SentRequest } from '../support/send';

const ORIGIN = 'https://console.example.com';
const SECRET = 'a-secret-that-only-the-router-has';
const SANDBOX_SCRIPT =
  'https://embeddable-sandbox.cdn.apollographql.com/v2/embeddable-sandbox.umd.production.min.js';

const JSON_TYPE = { 'content-type': 'application/json' };
const preflight = (origin: string, headers: Readonly<Record<string, string>> = {}): SentRequest => ({
  method: 'OPTIONS',
  headers: {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type,apollo-require-preflight',
    ...headers,
  },
});

describe('A server without CORS origins', () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  it('lets no page read responses, and accepts no preflight', async () => {
    const response = await send(app.url, { headers: { ...JSON_TYPE, origin: ORIGIN } });
    expect(response.status).toBe(200);
    expect(Object.keys(response.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    expect((await send(app.url, preflight(ORIGIN))).status).toBe(405);
  });

  it.each([
    'localhost',
    'localhost:4001',
    'a.b.localhost',
    'LOCALHOST',
    '127.0.0.1:1',
    '127.9.8.7',
    '[::1]:4001',
    '[::1]',
  ])('responds without authentication to requests for the host %s', async (host) => {
    expect((await send(app.url, { headers: { ...JSON_TYPE, host } })).status).toBe(200);
  });

  it.each([
    'evil.example.com',
    'evil.example.com:4001',
    'localhost.evil.example.com',
    'notlocalhost',
    '127.0.0.1.nip.io',
    '10.0.0.1',
    '[::2]',
    '0.0.0.0',
  ])('rejects requests for the host %s, the landing page included, and says how to fix it', async (host) => {
    for (const sent of [
      { headers: { ...JSON_TYPE, host } },
      { method: 'GET', headers: { host, accept: 'text/html' } },
      { method: 'GET', path: '/nothing', headers: { host } },
    ]) {
      const { status, text } = await send(app.url, sent);
      expect(status).toBe(421);
      expect(JSON.parse(text)).toMatchObject({
        errors: [
          {
            message: expect.stringContaining('ROUTER_SECRET') as unknown,
            extensions: { code: 'MISDIRECTED' },
          },
        ],
      });
    }
  });

  it('rejects other hosts on the port for AWS clients too, while the access key id is trusted as the account', async () => {
    const endpoint = app.protonEndpoint ?? '';
    const refused = await send(endpoint, { headers: { host: 'evil.example.com:4002' }, body: '{}' });
    expect([refused.status, refused.headers['x-amzn-errortype']]).toEqual([400, 'AccessDeniedException']);
    const accepted = await callAs(endpoint, '111111111111', 'ListEnvironmentAccountConnections', {
      requestedBy: 'ENVIRONMENT_ACCOUNT',
    });
    expect(accepted.status).toBe(200);
  });

  it.each<[string, SentRequest]>([
    ['a response', { headers: JSON_TYPE }],
    ['an error of a route', { method: 'PUT' }],
    ['an unknown path', { method: 'GET', path: '/nothing' }],
    ['a path that can’t be decoded', { method: 'GET', path: '/%zz' }],
    ['a body that is not JSON', { headers: JSON_TYPE, body: '{' }],
  ])('sends the strictest security headers with %s', async (_title, sent) => {
    const { headers } = await send(app.url, sent);
    expect(headers).toMatchObject({
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
    });
  });

  it('allows the landing page to load everything that it references, and nothing else', async () => {
    const page = await send(app.url, { method: 'GET', headers: { accept: 'text/html' } });
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    const policy = readPolicy(String(page.headers['content-security-policy']));
    const loads = loadsOf(page.text);
    // Makes sure that the check finds what the page references.
    const kinds = ['script-src', 'style-src', 'img-src'];
    expect([...new Set(loads.map(({ directive }) => directive))].sort()).toEqual(kinds.sort());
    expect(loads.filter(({ inline }) => inline !== undefined)).toHaveLength(2);
    const self = new URL(app.url).origin;
    expect(loads.filter((load) => !allows(policy, { ...load, self }))).toEqual([]);
    // Its script loads Sandbox, which runs in a frame; and the page sends its requests.
    for (const later of [
      { directive: 'frame-src', url: 'https://sandbox.embed.apollographql.com/sandbox/explorer' },
      { directive: 'connect-src', url: app.url },
      { directive: 'script-src', url: SANDBOX_SCRIPT },
    ]) {
      expect([later, allows(policy, { ...later, self })]).toEqual([later, true]);
    }
    for (const never of [
      { directive: 'script-src', url: 'https://evil.example.com/a.js' },
      { directive: 'script-src', inline: 'alert(1)' },
      { directive: 'frame-src', url: 'https://evil.example.com/' },
      { directive: 'connect-src', url: 'https://evil.example.com/' },
      { directive: 'object-src', url: 'https://evil.example.com/' },
    ]) {
      expect(allows(policy, never)).toBe(false);
    }
    expect(policy.get('frame-ancestors')).toEqual(["'none'"]);
  });
});

describe('A server with a CORS origin', () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp({ CORS_ORIGINS: `${ORIGIN}, https://other.example.com`, ROUTER_SECRET: SECRET });
  });
  afterAll(() => app.stop());

  const asRouter = { 'router-authorization': SECRET };

  it('accepts its preflights, with the headers that Apollo clients send and read', async () => {
    const { status, headers } = await send(app.url, preflight(ORIGIN, asRouter));
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      vary: expect.stringMatching(/Origin/i) as unknown,
    });
    const allowed = String(headers['access-control-allow-headers']).toLowerCase().split(', ');
    expect(allowed).toEqual(
      expect.arrayContaining([
        'content-type',
        'authorization',
        'router-authorization',
        'apollo-require-preflight',
        'x-apollo-operation-name',
        'traceparent',
        'x-request-id',
      ]),
    );
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('lets its pages read responses', async () => {
    const { status, headers } = await send(app.url, {
      headers: { ...JSON_TYPE, ...asRouter, origin: ORIGIN },
    });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-expose-headers': 'x-request-id, retry-after',
      vary: expect.stringMatching(/Origin/i) as unknown,
    });
  });

  it.each([
    'https://evil.example.com',
    'null',
    `${ORIGIN}.evil.example.com`,
    ORIGIN.replace('https', 'http'),
  ])('lets no page of %s read responses', async (origin) => {
    for (const sent of [preflight(origin, asRouter), { headers: { ...JSON_TYPE, ...asRouter, origin } }]) {
      const { headers } = await send(app.url, sent);
      expect(headers['access-control-allow-origin']).toBeUndefined();
      expect(headers['vary']).toMatch(/Origin/i);
    }
  });

  it('rejects a preflight without the router secret with 401, like any other request', async () => {
    const { status, text } = await send(app.url, preflight(ORIGIN));
    expect(status).toBe(401);
    expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  it('accepts no preflight for other paths, and no other OPTIONS requests', async () => {
    const elsewhere = await send(app.url, { ...preflight(ORIGIN, asRouter), path: '/elsewhere' });
    expect([elsewhere.status, elsewhere.headers['access-control-allow-origin']]).toEqual([404, undefined]);
    expect((await send(app.url, { method: 'OPTIONS', headers: asRouter })).status).toBe(405);
  });

  it('accepts any host name, because the router secret authenticates the request', async () => {
    const { status } = await send(app.url, {
      headers: { ...JSON_TYPE, ...asRouter, host: 'subgraph.internal:4001' },
    });
    expect(status).toBe(200);
  });
});

type Policy = ReadonlyMap<string, readonly string[]>;

function readPolicy(header: string): Policy {
  return new Map(
    header.split(';').map((part) => {
      const [name = '', ...sources] = part.trim().split(/\s+/);
      return [name, sources];
    }),
  );
}

/** A resource that a page loads or runs. */
interface Load {
  readonly directive: string;
  readonly url?: string;
  readonly inline?: string;
  readonly self?: string;
}

/** Whether the Content Security Policy allows the resource, by hash or origin. */
function allows(policy: Policy, { directive, url, inline, self }: Load): boolean {
  const sources = policy.get(directive) ?? policy.get('default-src') ?? ['*'];
  return sources.some((source) => {
    if (inline !== undefined) {
      const hash = createHash('sha256').update(inline).digest('base64');
      return source === "'unsafe-inline'" || source === `'sha256-${hash}'`;
    }
    const { origin, protocol } = new URL(url ?? '', self);
    return (
      source === '*' || source === protocol || (source === "'self'" ? origin === self : source === origin)
    );
  });
}

const REL_DIRECTIVE: Readonly<Record<string, string>> = {
  icon: 'img-src',
  'apple-touch-icon': 'img-src',
  manifest: 'manifest-src',
  stylesheet: 'style-src',
};

/** All resources in a page that its policy applies to. */
function loadsOf(html: string): readonly Load[] {
  const loads: Load[] = [];
  for (const [, name = '', attributes = '', content = ''] of html.matchAll(
    /<(script|style)\b([^>]*)>([\s\S]*?)<\/\1>/g,
  )) {
    const url = attribute(attributes, 'src');
    loads.push({
      directive: `${name}-src`,
      ...(url === undefined ? { inline: content } : { url }),
    });
  }
  for (const [, name = '', attributes = ''] of html.matchAll(/<(link|img|iframe)\b([^>]*)>/g)) {
    const directive =
      name === 'img'
        ? 'img-src'
        : name === 'iframe'
          ? 'frame-src'
          : REL_DIRECTIVE[attribute(attributes, 'rel') ?? ''];
    const url = attribute(attributes, name === 'link' ? 'href' : 'src');
    if (directive !== undefined && url !== undefined) loads.push({ directive, url });
  }
  for (const [, style = ''] of html.matchAll(/<[a-z]+\b[^>]*\sstyle="([^"]*)"/g)) {
    loads.push({ directive: 'style-src', inline: style });
  }
  return loads;
}

function attribute(attributes: string, name: string): string | undefined {
  return new RegExp(`\\b${name}=(?:"([^"]*)"|([^\\s>"]+))`).exec(attributes)?.slice(1).find(Boolean);
}
