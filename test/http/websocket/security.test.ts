import { startApp, type RunningApp } from '../../support/app';
import { dataOf } from '../../support/graphql-client';
import { readMetrics, valueOf } from '../../support/metrics';
import { openSocket, refusedUpgrade, STATUS_CHANGED, subscribeTo } from '../../support/subscription-socket';
import { bearer, createKeys, tokenOf, useKeyFile } from '../../authentication/issuer';

const create = (managementAccountId: string, environmentName: string) => `mutation {
  createEnvironmentAccountConnection(input: {
    managementAccountId: "${managementAccountId}", environmentAccountId: "222222222222", environmentName: "${environmentName}"
  }) { success }
}`;

describe('A WebSocket of a web page', () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp({ CORS_ORIGINS: 'https://console.example.com' });
  });
  afterAll(() => app.stop());

  it.each([
    ['the server itself', () => new URL(app.url).origin],
    ['the server behind a proxy with TLS', () => new URL(app.url).origin.replace('http:', 'https:')],
    ['CORS_ORIGINS', () => 'https://console.example.com'],
  ])('opens from %s', async (_from, origin) => {
    const opened = await openSocket(app.url, { headers: { origin: origin() } });
    expect(await opened.init()).toEqual({ type: 'connection_ack' });
    opened.socket.terminate();
  });

  it.each([
    ['any other page', 'https://evil.example'],
    ['a page whose origin begins with an allowed one', 'https://console.example.com.evil.example'],
    ['an allowed host over another scheme', 'http://console.example.com'],
    ['another port of the same machine', 'http://127.0.0.1:1'],
    ['a sandboxed frame or a file', 'null'],
    ['an origin that is no URL', 'console.example.com'],
  ])('is refused from %s, before anything is executed', async (_from, origin) => {
    expect(await refusedUpgrade(app.url, { headers: { origin } })).toEqual({
      status: 403,
      code: 'FORBIDDEN_ORIGIN',
    });
  });

  it('is refused when its host is not this machine: DNS rebinding', async () => {
    const headers = { host: 'evil.example', origin: 'http://evil.example' };
    expect(await refusedUpgrade(app.url, { headers })).toEqual({ status: 421, code: 'MISDIRECTED' });
  });
});

describe('A WebSocket where the router has a secret', () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp({ ROUTER_SECRET: 'secret', MAX_SOCKETS: '1' });
  });
  afterAll(() => app.stop());

  it('needs it for the upgrade', async () => {
    expect(await refusedUpgrade(app.url)).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
    expect(await refusedUpgrade(app.url, { headers: { 'router-authorization': 'other' } })).toEqual({
      status: 401,
      code: 'UNAUTHENTICATED',
    });
  });

  it('is refused with 503 while MAX_SOCKETS are open', async () => {
    const headers = { 'router-authorization': 'secret' };
    const opened = await subscribeTo(app.url, {}, { headers });
    expect(await refusedUpgrade(app.url, { headers })).toEqual({ status: 503, code: 'OVERLOADED' });
    opened.socket.close();
    await opened.closed;
    const again = await openSocket(app.url, { headers });
    again.socket.terminate();
  });
});

describe('A WebSocket where users have tokens', () => {
  const keys = createKeys('ES256');
  const variables = useKeyFile(keys);
  let app: RunningApp;
  let admin: string;
  beforeAll(async () => {
    app = await startApp({ ...variables, AUTH_JWT_CLOCK_SKEW_MS: '0', MAX_SOCKETS_PER_SUBJECT: '2' });
    admin = await tokenOf(keys, { claims: { sub: 'admin', aws_accounts: ['*'] } });
  });
  afterAll(() => app.stop());

  const change = (document: string) => dataOf(app.url, document, {}, bearer(admin));

  it('takes the token from connection_init or from the upgrade', async () => {
    const token = await tokenOf(keys);
    const first = await openSocket(app.url);
    expect(await first.init({ authorization: `Bearer ${token}` })).toEqual({ type: 'connection_ack' });
    first.socket.terminate();
    await first.closed;
    const second = await openSocket(app.url, { headers: bearer(token) });
    expect(await second.init()).toEqual({ type: 'connection_ack' });
    second.socket.terminate();
    const both = await openSocket(app.url, { headers: bearer(token) });
    expect(await both.init({ authorization: `Bearer ${token}` })).toEqual({ type: 'connection_ack' });
    both.socket.terminate();
  });

  it.each<[what: string, code: number, params: () => unknown, headers?: () => Promise<object>]>([
    ['no token', 4401, () => undefined],
    ['a text that is no token', 4401, () => ({ authorization: 'Bearer x.y.z' })],
    ['something else than a text', 4401, () => ({ authorization: { bearer: admin } })],
    ['another scheme', 4401, () => ({ authorization: `Basic ${admin}` })],
    [
      'a token that differs from that of the upgrade',
      4401,
      () => ({ authorization: `Bearer ${admin}` }),
      async () => bearer(await tokenOf(keys, { claims: { sub: 'other' } })),
    ],
    ['a broken token in the upgrade', 4401, () => undefined, () => Promise.resolve(bearer('x.y.z'))],
  ])('closes for %s', async (_what, code, params, headers = () => Promise.resolve({})) => {
    const opened = await openSocket(app.url, { headers: { ...(await headers()) } });
    opened.send({ type: 'connection_init', payload: params() });
    expect(await opened.closed).toEqual([code, 'Unauthorized']);
  });

  it.each([
    ['an expired token', 4401, { exp: 1 }],
    ['a token that grants nothing', 4403, { aws_accounts: {} }],
    ['a token whose claim is malformed', 4403, { aws_accounts: 'all' }],
  ])('closes for %s', async (_what, code, claims) => {
    const token = await tokenOf(keys, { claims });
    const opened = await openSocket(app.url);
    opened.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
    expect((await opened.closed)[0]).toBe(code);
  });

  it('completes its subscriptions with an error and closes with 4401 when its token expires, and delivers nothing after that', async () => {
    const exp = Math.floor(Date.now() / 1000) + 2;
    const watching = await subscribeTo(app.url, {}, { token: await tokenOf(keys, { claims: { exp } }) });
    const message = 'The token has expired. Subscribe again with a new one.';
    expect(await watching.next()).toEqual({
      id: '1',
      type: 'next',
      payload: { data: null, errors: [{ message, extensions: { code: 'UNAUTHENTICATED' } }] },
    });
    expect(await watching.next()).toEqual({ id: '1', type: 'complete' });
    expect(await watching.closed).toEqual([4401, 'Token expired']);
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000);
    await change(create('111111111111', 'late'));
    const metrics = await readMetrics(app.admin);
    const labels = { transport: 'websocket', outcome: 'UNAUTHENTICATED' };
    expect(valueOf(metrics, 'proton_subgraph_subscriptions_total', labels)).toBeGreaterThanOrEqual(1);
    expect(valueOf(metrics, 'proton_subgraph_subscriptions_open', { transport: 'websocket' })).toBe(0);
  });

  it('shows events of the accounts that the token grants, whatever the filter names', async () => {
    const claims = { sub: 'bob', aws_accounts: { '444444444444': ['read'] } };
    const token = await tokenOf(keys, { claims });
    const own = await subscribeTo(app.url, {}, { token });
    const others = await subscribeTo(app.url, { managementAccountId: '111111111111' }, { token });
    const all = await subscribeTo(app.url, {}, { token: admin });
    await change(create('111111111111', 'hidden'));
    await change(create('444444444444', 'shown'));
    const names = (changes: readonly { connection: { environmentName: string } }[]) =>
      changes.map(({ connection }) => connection.environmentName);
    expect(names(await all.changes(2))).toEqual(['hidden', 'shown']);
    expect(names(await own.changes(1))).toEqual(['shown']);
    // Its events are delivered in the same turn, so none is on the way.
    others.send({ type: 'ping' });
    expect(await others.next()).toEqual({ type: 'pong' });
    for (const { socket } of [own, others, all]) socket.terminate();
  });

  it('is limited for each user, and closed with 1013 beyond that', async () => {
    const token = await tokenOf(keys, { claims: { sub: 'carol' } });
    const opened = [await subscribeTo(app.url, {}, { token }), await subscribeTo(app.url, {}, { token })];
    const third = await openSocket(app.url);
    third.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
    expect((await third.closed)[0]).toBe(1013);
    const other = await subscribeTo(app.url, {}, { token: await tokenOf(keys, { claims: { sub: 'dave' } }) });
    opened[0]?.socket.close();
    await opened[0]?.closed;
    const again = await subscribeTo(app.url, {}, { token });
    for (const { socket } of [...opened, other, again]) socket.terminate();
  });

  it('charges each subscription to the rate limits of its user', async () => {
    const limited = await startApp({ ...variables, SUBJECT_REQUESTS_PER_MINUTE: '1' });
    const opened = await subscribeTo(limited.url, {}, { token: admin });
    await opened.subscribe(STATUS_CHANGED, {}, '2');
    expect(await opened.next()).toMatchObject({
      id: '2',
      type: 'error',
      payload: [{ extensions: { code: 'RATE_LIMITED' } }],
    });
    opened.socket.terminate();
    await limited.stop();
  });
});
