import { startApp } from '../../support/app';
import { dataOf } from '../../support/graphql-client';
import { readMetrics, valueOf } from '../../support/metrics';
import { openSocket, subscribeTo } from '../../support/subscription-socket';

const CREATE_WITH_TAGS = `mutation ($name: String!, $tags: [EnvironmentAccountConnectionTagInput!]) {
  createEnvironmentAccountConnection(input: {
    managementAccountId: "111111111111", environmentAccountId: "222222222222", environmentName: $name, tags: $tags
  }) { success }
}`;
const TAGS = Array.from({ length: 50 }, (_, index) => ({
  key: `key-${String(index)}`,
  value: 'x'.repeat(256),
}));

describe('A WebSocket whose client stops reading', () => {
  it('ends its subscription with SUBSCRIPTION_OVERFLOW, while others get every event', async () => {
    const app = await startApp({ MAX_SUBSCRIPTION_QUEUE: '4' });
    // Results of some hundred kB, so that the buffers of the operating system are full soon.
    const aliases = Array.from({ length: 25 }, (_, index) => `tags${String(index)}: tags { key value }`);
    const stalled = await openSocket(app.url);
    await stalled.init();
    await stalled.subscribe(
      `subscription { environmentAccountConnectionStatusChanged { connection { ${aliases.join(' ')} } } }`,
    );
    const watching = await subscribeTo(app.url);
    stalled.socket.pause();
    const overflows = async () =>
      valueOf(await readMetrics(app.admin), 'proton_subgraph_subscriptions_total', {
        outcome: 'SUBSCRIPTION_OVERFLOW',
      });
    let events = 0;
    while ((await overflows()) === 0) {
      await dataOf(app.url, CREATE_WITH_TAGS, { name: `e${String(events)}`, tags: TAGS });
      events += 1;
    }
    expect(await watching.changes(events)).toHaveLength(events);
    stalled.socket.resume();
    let last = await stalled.next();
    while (last.type === 'next') last = await stalled.next();
    expect(last).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'SUBSCRIPTION_OVERFLOW' } }],
    });
    stalled.socket.terminate();
    watching.socket.terminate();
    await app.stop();
  });

  it('is closed when the client does not respond to pings', async () => {
    const app = await startApp({ SOCKET_PING_MS: '50' });
    const watching = await subscribeTo(app.url);
    const gone = await openSocket(app.url, { autoPong: false });
    expect((await gone.closed)[0]).toBe(1006);
    // One that responds stays.
    watching.send({ type: 'ping' });
    expect(await watching.next()).toEqual({ type: 'pong' });
    watching.socket.terminate();
    await app.stop();
  });
});
