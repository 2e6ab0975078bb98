import { createServer } from 'node:net';
import { once } from 'node:events';

import { storeChecks } from '../../src/app/embedded-back-end';
import { checkReadiness } from '../../src/http/admin-server';
import { startApp } from '../support/app';
import { sendHttp } from '../support/aws-call';
import { runServerToEnd, startServerProcess } from '../support/server-process';

describe('Readiness', () => {
  it('fails a check that takes longer than a probe waits, and names it', async () => {
    jest.useFakeTimers();
    try {
      const results: unknown[] = [];
      const stuck = () => new Promise<never>(() => undefined);
      void checkReadiness({ stuck, well: () => 'ok' }, () => undefined).then((result) =>
        results.push(result),
      );
      await jest.advanceTimersByTimeAsync(950);
      expect(results).toEqual([
        { ready: false, checks: { stuck: 'did not respond within 900 ms', well: 'ok' } },
      ]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('queries the health of the store once for both of its checks', async () => {
    let queries = 0;
    const checks = storeChecks(() => {
      queries += 1;
      return Promise.resolve({ ok: false, part: 'migrations', reason: `query ${String(queries)}` });
    });
    for (const query of [1, 2]) {
      const result = await checkReadiness(checks, () => undefined);
      expect(result).toEqual({ ready: false, checks: { store: 'ok', migrations: `query ${String(query)}` } });
    }
    expect(queries).toBe(2);
  });
});

describe('The admin port', () => {
  it('reports that the server is live and ready, and lists the checks', async () => {
    const app = await startApp();
    const live = await fetch(`${app.admin ?? ''}/health/live`);
    const ready = await fetch(`${app.admin ?? ''}/health/ready`);
    const responses = [live.status, await live.json(), ready.status, await ready.json()];
    await app.stop();
    expect(responses).toEqual([
      200,
      { live: true },
      200,
      { ready: true, checks: { store: 'ok', migrations: 'ok', keys: 'ok', notDraining: 'ok' } },
    ]);
    expect(ready.headers.get('cache-control')).toBe('no-store');
  });

  it('has no store checks with the SDK adapter, and sends nothing to AWS', async () => {
    const app = await startApp({
      PROTON_UPSTREAM: 'http://127.0.0.1:1',
      PROTON_ACCOUNTS: '111111111111',
    });
    const ready = await fetch(`${app.admin ?? ''}/health/ready`);
    const response = [ready.status, await ready.json()];
    await app.stop();
    expect(response).toEqual([200, { ready: true, checks: { keys: 'ok', notDraining: 'ok' } }]);
  });

  it('reports that the server is not ready without issuer keys, and why', async () => {
    const app = await startApp({
      AUTH_JWT_ISSUER: 'https://issuer.example',
      AUTH_JWT_AUDIENCE: 'proton',
      AUTH_JWKS_URL: 'http://127.0.0.1:1/keys',
    });
    const ready = await fetch(`${app.admin ?? ''}/health/ready`);
    const live = await fetch(`${app.admin ?? ''}/health/live`);
    const response = (await ready.json()) as { checks: { keys: string } };
    await app.stop();
    expect([ready.status, live.status]).toEqual([503, 200]);
    expect(response.checks.keys).not.toBe('ok');
  });

  it('accepts GET and HEAD for its paths only', async () => {
    const app = await startApp();
    const admin = app.admin ?? '';
    const responses = await Promise.all([
      sendHttp(admin, { method: 'HEAD', path: '/health/ready' }),
      sendHttp(admin, { method: 'GET', path: '/health/live?verbose' }),
      sendHttp(admin, { method: 'POST', path: '/health/live', body: '{' }),
      sendHttp(admin, { method: 'DELETE', path: '/metrics', headers: { 'content-type': 'nonsense' } }),
      sendHttp(admin, { method: 'GET', path: '/graphql' }),
      sendHttp(admin, { method: 'GET', path: '/' }),
      // DNS rebinding: a web page reaches this machine under another name.
      sendHttp(admin, { method: 'GET', path: '/metrics', headers: { host: 'evil.example' } }),
    ]);
    await app.stop();
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 404, 415, 404, 404, 421]);
  });

  it('serves during shutdown until the store is closed, and reports not ready', async () => {
    const server = await startServerProcess({ SHUTDOWN_DELAY_MS: '1500' });
    const status = async () => (await fetch(`${server.admin ?? ''}/health/ready`)).status;
    expect(await status()).toBe(200);
    server.child.kill('SIGTERM');
    let after = await status();
    while (after === 200) after = await status();
    expect(after).toBe(503);
    expect((await fetch(`${server.admin ?? ''}/health/live`)).status).toBe(200);
    expect(await server.exited).toBe(0);
  });

  it('is turned off by ADMIN_PORT=off, and is named when its address is in use', async () => {
    const without = await startApp({ ADMIN_PORT: 'off' });
    await without.stop();
    expect(without.admin).toBeUndefined();

    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address ? String(address.port) : '';
    const { code, stderr } = await runServerToEnd({
      ADMIN_PORT: port,
    });
    taken.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`Can't listen on HOST 127.0.0.1, ADMIN_PORT ${port}: another process does.`);
  });
});
