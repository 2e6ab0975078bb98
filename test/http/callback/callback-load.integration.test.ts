import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { createConnection } from '../../federation/created-connections';
import { startApp, type RunningApp } from '../../support/app';
import { readMetrics, valueOf } from '../../support/metrics';
import { startCallbackRouter, type CallbackRouter } from './router';

const ROUTER = { 'router-authorization': 'shared-with-the-router' };
const QUERY = `subscription ($filter: EnvironmentAccountConnectionFilter) {
  environmentAccountConnectionStatusChanged(filter: $filter) { status connection { environmentName } }
}`;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('Many subscriptions by HTTP callback', () => {
  let router: CallbackRouter;
  let app: RunningApp;

  beforeAll(async () => {
    router = await startCallbackRouter();
    app = await startApp({
      ROUTER_SECRET: ROUTER['router-authorization'],
      SUBSCRIPTION_CALLBACK_URLS: `${router.origin}/callback`,
    });
  });
  afterAll(async () => {
    await app.stop();
    await router.stop();
  });

  async function subscribe(id: string, environmentName: string, path = '/callback'): Promise<number> {
    const subscription = {
      callbackUrl: `${router.origin}${path}/${id}`,
      subscriptionId: id,
      verifier: 'v',
      heartbeatIntervalMs: 60_000,
    };
    const { status } = await fetch(app.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...ROUTER },
      body: JSON.stringify({
        query: QUERY,
        variables: { filter: { environmentName } },
        extensions: { subscription },
      }),
    });
    return status;
  }

  const openCallbacks = async () =>
    valueOf(await readMetrics(app.admin), 'proton_subgraph_subscriptions_open', { transport: 'callback' });

  const create = (environmentName: string, index: number) =>
    createConnection(
      app.url,
      {
        managementAccountId: '111111111111',
        environmentAccountId: `22222${String(1_000_000 + index)}`,
        environmentName,
      },
      ROUTER,
    );

  it('take 100 events a second each, twenty at once, and then a burst, without an overflow', async () => {
    const ids = Array.from({ length: 20 }, () => randomUUID());
    let events = 0;
    router.answerBy(({ message: { action } }, response) => {
      if (action === 'next') events += 1;
      setTimeout(() => response.writeHead(204).end(), 20);
    });
    await Promise.all(ids.map((id) => subscribe(id, 'busy')));
    const startedAt = performance.now();
    for (let index = 0; index < 100; index += 1) {
      await create('busy', index);
      await wait(Math.max(0, startedAt + 10 * (index + 1) - performance.now()));
    }
    await router.until(() => events === 2_000);
    await Promise.all(Array.from({ length: 100 }, (_, index) => create('busy', 1_000 + index)));
    await router.until(() => events === 4_000 || router.messages('complete').length > 0);
    expect(router.messages('complete')).toEqual([]);
    expect(await openCallbacks()).toBe(20);
    router.answerBy((_request, response) => response.writeHead(404).end());
    await create('busy', 100);
    await router.until(() => router.messages('next').length === 4_020);
  });

  it('leave nothing behind when they are refused or their router does not know them any more', async () => {
    const gone = new Set<string>();
    let left = 0;
    router.answerBy(({ message: { id, action }, path }, response) => {
      if (action === 'next') left += 1;
      response.writeHead(path.includes('refused') || gone.has(id) ? 404 : 204).end();
    });
    /** Ten tries: URLs that are not allowed, checks that are refused, and routers that leave at the first event. */
    async function tenTries(index: number): Promise<void> {
      const environmentName = `leaving-${String(index)}`;
      const ids = Array.from({ length: 10 }, () => randomUUID());
      const statuses = await Promise.all(
        ids.flatMap((id) => [
          subscribe(id, environmentName, '/elsewhere'),
          subscribe(id, environmentName, '/callback/refused'),
          subscribe(id, environmentName),
        ]),
      );
      expect(statuses).toEqual(ids.flatMap(() => [400, 400, 200]));
      for (const id of ids) gone.add(id);
      const before = left;
      await create(environmentName, index);
      await router.until(() => left === before + 10);
      for (const id of ids) gone.delete(id);
      router.forget();
    }
    for (let index = 0; index < 5; index += 1) await tenTries(index);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let index = 5; index < 20; index += 1) await tenTries(index);
    collectGarbage();
    const perTry = (process.memoryUsage().heapUsed - before) / 150;
    // A subscription that is left behind takes more.
    expect(perTry).toBeLessThan(8_192);
    expect(await openCallbacks()).toBe(0);
  });
});
