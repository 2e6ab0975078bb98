import { startApp, type RunningApp } from '../support/app';
import { AUDIENCE, bearer, createKeys, ISSUER, tokenOf, type Keys } from './issuer';
import { startJwksServer, type JwksResponse, type JwksServer } from './jwks-server';
import { codeOf, post } from './posting';

const COUNT = '{ environmentAccountConnections { totalCount } }';

/** By default the timers do nothing while a test runs. */
const SLOW = { AUTH_JWKS_REFETCH_MS: '600000', AUTH_JWKS_RETRY_MS: '600000' };

/** Entries of a key set that cannot verify tokens. */
const OTHER_KEYS = [
  null,
  { kty: 'oct', k: 'c2VjcmV0', kid: 'second' },
  { kty: 'EC', crv: 'P-256', x: 'nonsense', y: 'nonsense', kid: 'second' },
  { kty: 'OKP', crv: 'X25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kid: 'second' },
];

describe('With keys that an issuer publishes', () => {
  const first = createKeys('ES256', 'first');
  const second = createKeys('EdDSA', 'second');
  let issuer: JwksServer;
  let app: RunningApp | undefined;

  beforeEach(async () => {
    issuer = await startJwksServer();
    await issuer.publish(first);
  });
  afterEach(async () => {
    await app?.stop();
    app = undefined;
    await issuer.stop();
  });

  async function start(settings: Readonly<Record<string, string>> = {}): Promise<RunningApp> {
    app = await startApp({
      AUTH_JWT_ISSUER: ISSUER,
      AUTH_JWT_AUDIENCE: AUDIENCE,
      AUTH_JWKS_URL: issuer.url,
      ...SLOW,
      ...settings,
    });
    return app;
  }

  const statusFor = async ({ url }: RunningApp, keys: Keys, header = {}) =>
    (await post(url, COUNT, bearer(await tokenOf(keys, { header })))).status;

  it('a token is verified with the key that it names', async () => {
    await issuer.publish(first, second, createKeys('RS256', 'third'));
    const running = await start();
    expect(await statusFor(running, first)).toBe(200);
    expect(await statusFor(running, second)).toBe(200);
    expect(await statusFor(running, second, { kid: 'first' })).toBe(401);
    expect(await statusFor(running, createKeys('ES256', 'first'))).toBe(401);
  });

  it('a token that names no key is verified with every key that fits', async () => {
    await issuer.publish(createKeys('ES256', 'other'), first);
    const running = await start();
    expect(await statusFor(running, first, { kid: undefined })).toBe(200);
    expect(await statusFor(running, createKeys('ES256'), { kid: undefined })).toBe(401);
  });

  it('a token with an unknown key causes a fetch, and keys that the issuer removed are no longer accepted', async () => {
    const running = await start();
    expect(await statusFor(running, first)).toBe(200);
    await issuer.publish(second);
    expect(await statusFor(running, second)).toBe(200);
    expect(await statusFor(running, first)).toBe(401);
    expect(issuer.fetches()).toBe(2);
  });

  it('many tokens with unknown keys cause one fetch', async () => {
    const running = await start();
    const statuses = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        statusFor(running, first, { kid: `made-up-${String(index)}` }),
      ),
    );
    expect(new Set(statuses)).toEqual(new Set([401]));
    expect(issuer.fetches()).toBe(2);
    expect(await statusFor(running, first)).toBe(200);
  });

  it('many tokens with unknown keys do not delay a known one while the issuer is slow', async () => {
    const running = await start({ MAX_IN_FLIGHT: '1' });
    const { release } = issuer.hold();
    const statuses: number[] = [];
    const headers = bearer(await tokenOf(first, { header: { kid: 'made-up' } }));
    const flood = Array.from({ length: 70 }, async () => {
      const response = await fetch(`${running.url}?query={__typename}`, { headers });
      statuses.push(response.status);
      if (response.status === 503) expect(response.headers.get('retry-after')).toBe('1');
    });
    while (statuses.length < 5) await new Promise(setImmediate);
    expect(await statusFor(running, first)).toBe(200);
    expect(statuses).toEqual(Array.from({ length: 5 }, () => 503));
    release();
    await Promise.all(flood);
    expect(statuses.filter((status) => status === 401)).toHaveLength(65);
    expect(issuer.fetches()).toBe(2);
  });

  it('unusable keys in the set break nothing, and unusual members of usable keys are ignored', async () => {
    const jwk = await first.jwk();
    const named = await second.jwk();
    issuer.respondWith({
      body: JSON.stringify({
        keys: [
          { ...named, kid: 'signs', key_ops: ['sign'] },
          { ...named, kid: 'nothing', key_ops: 'verify' },
          { ...jwk, ext: 'no', key_ops: ['verify', 7], x5c: 7, oth: [] },
          { ...named, alg: 'Ed25519', ext: false },
        ],
      }),
    });
    const running = await start();
    expect(await statusFor(running, first)).toBe(200);
    expect(await statusFor(running, second)).toBe(200);
    expect(await statusFor(running, second, { alg: 'Ed25519' })).toBe(200);
    expect(await statusFor(running, second, { kid: 'signs' })).toBe(401);
    expect(await statusFor(running, second, { kid: 'nothing' })).toBe(401);
  });

  it('an unknown key is fetched again after AUTH_JWKS_REFETCH_MS', async () => {
    const running = await start({ AUTH_JWKS_REFETCH_MS: '0' });
    expect(await statusFor(running, second)).toBe(401);
    await issuer.publish(first, second);
    expect(await statusFor(running, second)).toBe(200);
  });

  it('known keys stay valid through every outage of the issuer, whatever it responds', async () => {
    const running = await start({ AUTH_JWKS_REFETCH_MS: '0' });
    const responses: readonly JwksResponse[] = [
      { status: 500, body: '{}' },
      { body: '<html>' },
      { body: '{"keys":[]}' },
      { body: '{"keys":{"0":{}}}' },
      { body: 'null' },
      { body: JSON.stringify({ keys: [await second.jwk()], more: 'x'.repeat(300_000) }) },
      { status: 302, headers: { location: `${issuer.url}?elsewhere` }, body: '' },
      { body: JSON.stringify({ keys: OTHER_KEYS }) },
      { body: JSON.stringify({ keys: [{ ...(await second.jwk()), use: 'enc' }] }) },
      { body: JSON.stringify({ keys: [{ ...(await second.jwk()), alg: 'ES256' }] }) },
      { body: JSON.stringify({ keys: [{ ...(await second.jwk()), d: 'private' }] }) },
    ];
    for (const response of responses) {
      issuer.respondWith(response);
      expect([response, await statusFor(running, second)]).toEqual([response, 401]);
      expect([response, await statusFor(running, first)]).toEqual([response, 200]);
    }
    expect(issuer.fetches()).toBe(1 + responses.length);

    await issuer.stop();
    expect(await statusFor(running, second)).toBe(401);
    expect(await statusFor(running, first)).toBe(200);
    issuer = await startJwksServer(Number(new URL(issuer.url).port));
    await issuer.publish(second);
    expect(await statusFor(running, second)).toBe(200);
  });

  it('without keys at the start, responses are 503 until a retry fetches them', async () => {
    issuer.respondWith({ status: 500, body: '' });
    const running = await start({ AUTH_JWKS_RETRY_MS: '20' });
    const early = await post(running.url, COUNT, bearer(await tokenOf(first)));
    expect([early.status, codeOf(early), early.headers['retry-after']]).toEqual([503, 'NOT_READY', '1']);
    const ready = async () => (await fetch(new URL('/health/ready', running.admin))).status;
    expect(await ready()).toBe(503);

    await issuer.publish(first);
    while ((await ready()) !== 200);
    expect(await statusFor(running, first)).toBe(200);
  });
});
