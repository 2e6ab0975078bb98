import { createHmac } from 'node:crypto';

import { startApp, type RunningApp } from '../support/app';
import { request } from '../support/graphql-client';
import { AUDIENCE, bearer, createKeys, ISSUER, useKeyFile, tokenOf, type TokenParts } from './issuer';
import { codeOf, post } from './posting';

const COUNT = '{ environmentAccountConnections { totalCount } }';
const seconds = (fromNow: number) => Math.floor(Date.now() / 1000) + fromNow;
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe.each(['RS256', 'PS256', 'ES256', 'EdDSA'] as const)('A token signed with %s', (alg) => {
  const keys = createKeys(alg);
  const environment = useKeyFile(keys);
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp(environment);
  });
  afterAll(() => app.stop());

  it('is accepted, and one signed with another key is not', async () => {
    const own = await post(app.url, COUNT, bearer(await tokenOf(keys)));
    expect(own.output).toEqual({ data: { environmentAccountConnections: { totalCount: 0 } } });
    const foreign = await post(app.url, COUNT, bearer(await tokenOf(createKeys(alg))));
    expect([foreign.status, codeOf(foreign)]).toEqual([401, 'UNAUTHENTICATED']);
  });

  it('is refused when it names another algorithm', async () => {
    const good = await tokenOf(keys);
    const [, payload, signature] = good.split('.');
    for (const other of ['RS256', 'PS256', 'ES256', 'EdDSA', 'RS512', 'HS256', 'none'].filter(
      (name) => name !== alg,
    )) {
      const response = await post(
        app.url,
        COUNT,
        bearer([part({ alg: other }), payload, signature].join('.')),
      );
      expect([other, response.status]).toEqual([other, 401]);
    }
  });
});

describe('A token', () => {
  const keys = createKeys('ES256');
  const environment = useKeyFile(keys);
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp(environment);
  });
  afterAll(() => app.stop());

  it.each<[string, TokenParts | (() => TokenParts)]>([
    ['that expired less than a minute ago', () => ({ claims: { exp: seconds(-50) } })],
    ['that becomes valid in less than a minute', () => ({ claims: { nbf: seconds(50) } })],
    ['for several audiences', { claims: { aud: ['else', AUDIENCE] } }],
    ['that names any key, where the only key has no id', { header: { kid: 'whatever' } }],
    ['whose subject is as long as OpenID Connect allows', { claims: { sub: 'é'.repeat(255) } }],
  ])('%s is accepted', async (_title, parts) => {
    expect(
      (await post(app.url, COUNT, bearer(await tokenOf(keys, typeof parts === 'function' ? parts() : parts))))
        .status,
    ).toBe(200);
  });

  it.each<[string, TokenParts | (() => TokenParts)]>([
    ['that expired more than a minute ago', () => ({ claims: { exp: seconds(-70) } })],
    ['that becomes valid later', () => ({ claims: { nbf: seconds(70) } })],
    ['that never expires', { without: ['exp'] }],
    ['that expires at a text', { claims: { exp: String(seconds(600)) as unknown as number } }],
    ['without a subject', { without: ['sub'] }],
    ['with an empty subject', { claims: { sub: '' } }],
    ['with a blank subject', { claims: { sub: '  ' } }],
    ['whose subject is a number', { claims: { sub: 7 as unknown as string } }],
    ['whose subject would break a line', { claims: { sub: 'ann\nbob' } }],
    ['whose subject is longer', { claims: { sub: 'a'.repeat(256) } }],
    ['of another issuer', { claims: { iss: `${ISSUER}/` } }],
    ['without an issuer', { without: ['iss'] }],
    ['for another audience', { claims: { aud: 'else' } }],
    ['without an audience', { without: ['aud'] }],
    ['for no audience', { claims: { aud: [] } }],
    ['over 8 kB', { claims: { pad: 'x'.repeat(9_000) } }],
    ['whose kid is not a string', { header: { kid: 7 } }],
    ['with a critical extension that is known', { header: { crit: ['b64'], b64: true } }],
  ])('%s is refused', async (_title, parts) => {
    const token = await tokenOf(keys, typeof parts === 'function' ? parts() : parts);
    const response = await post(app.url, COUNT, bearer(token));
    expect([response.status, codeOf(response)]).toEqual([401, 'UNAUTHENTICATED']);
    expect(response.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  });

  it('that is unsigned, or that is signed with the public key as a secret, is refused', async () => {
    const [, payload = ''] = (await tokenOf(keys)).split('.');
    const unsigned = `${part({ alg: 'none' })}.${payload}.`;
    const signing = `${part({ alg: 'HS256', kid: keys.kid })}.${payload}`;
    const confused = `${signing}.${createHmac('sha256', keys.publicPem).update(signing).digest('base64url')}`;
    for (const token of [unsigned, confused, unsigned.slice(0, -1), `${part({ alg: 'NONE' })}.${payload}.`]) {
      expect((await post(app.url, COUNT, bearer(token))).status).toBe(401);
    }
  });

  it('that was changed in any part is refused', async () => {
    const token = await tokenOf(keys);
    const [header = '', payload = '', signature = ''] = token.split('.');
    const claims = { ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object), sub: 'bob' };
    for (const changed of [
      [header, part(claims), signature],
      [part({ alg: 'ES256', typ: 'JWT' }), payload, signature],
      [header, payload, signature.split('').reverse().join('')],
      [header, payload, ''],
      [header, payload],
      [header, payload, signature, ''],
    ]) {
      expect((await post(app.url, COUNT, bearer(changed.join('.')))).status).toBe(401);
    }
  });

  it('is read from one Authorization header with the scheme Bearer only', async () => {
    const token = await tokenOf(keys);
    expect((await post(app.url, COUNT, { authorization: `bearer ${token}` })).status).toBe(200);
    for (const headers of [
      {},
      { authorization: token },
      { authorization: `Basic ${token}` },
      { authorization: `Bearer ${token}, Bearer ${token}` },
      { authorization: [`Bearer ${token}`, `Bearer ${token}`] },
      { authorization: [`Bearer ${token}`, ''] },
      { 'x-forwarded-authorization': `Bearer ${token}` },
      { cookie: `token=${token}` },
    ]) {
      const response = await post(app.url, COUNT, headers);
      expect([headers, response.status, codeOf(response)]).toEqual([headers, 401, 'UNAUTHENTICATED']);
    }
    expect((await post(`${app.url}?access_token=${token}`, COUNT)).status).toBe(401);
  });

  it('that is refused gets the same response as any other, which does not repeat it', async () => {
    const responses = await Promise.all(
      [await tokenOf(createKeys('ES256')), await tokenOf(keys, { claims: { aud: 'else' } }), 'nonsense'].map(
        async (token) => ({ token, response: await post(app.url, COUNT, bearer(token)) }),
      ),
    );
    expect(new Set(responses.map(({ response }) => response.text)).size).toBe(1);
    for (const { token, response } of responses) expect(response.text).not.toContain(token);
  });

  it('is needed before anything is parsed', async () => {
    const { origin } = new URL(app.url);
    const response = await fetch(app.url, {
      method: 'POST',
      headers: { 'content-type': 'text/nonsense', origin },
      body: 'no document',
    });
    expect(response.status).toBe(401);
  });

  it('is needed for the service definition, because no router is authenticated', async () => {
    expect((await post(app.url, '{ _service { sdl } }')).status).toBe(401);
    const asUser = await request(app.url, '{ _service { sdl } }', {}, bearer(await tokenOf(keys)));
    expect(asUser.errors).toBeUndefined();
  });

  it('is not needed to see the landing page, which executes nothing', async () => {
    const page = await fetch(app.url, { headers: { accept: 'text/html' } });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html']);
    const executed = await fetch(`${app.url}?query=${encodeURIComponent(COUNT)}`, {
      headers: { accept: 'text/html', 'apollo-require-preflight': 'true' },
    });
    expect(executed.status).toBe(401);
    const asJson = await fetch(app.url, { headers: { accept: 'application/json' } });
    expect(asJson.status).toBe(401);
  });

  it('provides the actor in the history: its subject', async () => {
    const token = await tokenOf(keys, { claims: { sub: 'ann@example.com', aws_accounts: ['222222222222'] } });
    const { data } = await request<{ readonly create: unknown }>(
      app.url,
      `mutation {
        create: createEnvironmentAccountConnection(input: { managementAccountId: "111111111111", environmentName: "a" }) {
          error { message }
          data { environmentAccountId history { nodes { actor } } }
        }
      }`,
      {},
      bearer(token),
    );
    expect(data?.create).toEqual({
      error: null,
      data: { environmentAccountId: '222222222222', history: { nodes: [{ actor: 'ann@example.com' }] } },
    });
  });
});

describe('A token that may be longer', () => {
  const keys = createKeys('ES256');
  const environment = { ...useKeyFile(keys), AUTH_JWT_MAX_BYTES: '65536' };

  it('is accepted, because the header limit grows with AUTH_JWT_MAX_BYTES', async () => {
    const app = await startApp(environment);
    try {
      const token = await tokenOf(keys, { claims: { pad: 'x'.repeat(48_000) } });
      expect(token.length).toBeGreaterThan(64_000);
      expect((await post(app.url, COUNT, bearer(token))).status).toBe(200);
    } finally {
      await app.stop();
    }
  });
});

describe('In production', () => {
  const environment = { ...useKeyFile(createKeys('EdDSA')), NODE_ENV: 'production' };

  it('there is no public page', async () => {
    const app = await startApp(environment);
    try {
      expect((await fetch(app.url, { headers: { accept: 'text/html' } })).status).toBe(401);
    } finally {
      await app.stop();
    }
  });
});
