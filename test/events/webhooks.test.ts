import { setTimeout as delay } from 'node:timers/promises';

import { Webhook } from 'standardwebhooks';

import { command } from '../cli/command';
import { request } from '../support/graphql-client';
import { useTemporaryFolder } from '../support/folder';
import { readMetrics, valueOf } from '../support/metrics';
import {
  OTHER_SECRET,
  SECRET,
  startWebhookReceiver,
  statusesOf,
  type WebhookReceiver,
} from '../support/webhook-receiver';
import { startSource, type Source } from './source';

const folder = useTemporaryFolder();
const receivers: WebhookReceiver[] = [];
afterEach(async () => {
  await Promise.all(receivers.splice(0).map(({ close }) => close()));
});

async function startReceiver(secret?: string): Promise<WebhookReceiver> {
  const receiver = await startWebhookReceiver({ ...(secret !== undefined && { secret }) });
  receivers.push(receiver);
  return receiver;
}

function connectMany(source: Source, count: number): Promise<readonly string[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => source.connect(`e${String(index)}`)));
}

describe('Webhooks', () => {
  it('bring each status change in the envelope of AWS Proton, with a signature that Standard Webhooks verifies', async () => {
    const receiver = await startReceiver();
    const source = await startSource({ EVENTS_WEBHOOK_URL: receiver.url });
    const id = await source.connect('one');
    await source.update(id, '222222222222');
    await source.accept(id);
    await source.remove(id);
    await receiver.until(() => receiver.taken().length === 3);
    const arn = `arn:aws:proton:us-east-1:222222222222:environment-account-connection/${id}`;
    const envelope = (detail: object) => ({
      version: '0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      'detail-type': 'AWS Proton Environment Account Connection Status Change',
      source: 'aws.proton',
      account: '222222222222',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      region: 'us-east-1',
      resources: [arn],
      detail,
    });
    expect(receiver.received.map(({ event }) => event)).toEqual([
      envelope({ id, status: 'PENDING' }),
      envelope({ id, status: 'CONNECTED', previousStatus: 'PENDING' }),
      envelope({ id, status: 'DELETED', previousStatus: 'CONNECTED' }),
    ]);
    expect(receiver.forged).toBe(0);
    for (const { headers, event, path } of receiver.received) {
      expect(path).toBe('/hook');
      expect(headers).toMatchObject({
        'webhook-id': event.id,
        'content-type': 'application/json',
        'user-agent': 'proton-subgraph',
      });
      expect(headers['webhook-signature']).toMatch(/^v1,\S+$/);
    }
    // They are the events of the history.
    const { data } = await request<{ readonly environmentAccountConnection: unknown }>(
      source.url,
      `{ environmentAccountConnection(id: "${id}") { id } }`,
    );
    expect(data?.environmentAccountConnection).toBeNull();
    expect(receiver.connections).toBe(1);
  });

  it('are signed with both secrets while one is replaced, and with the secret of their destination', async () => {
    const both = await startReceiver(OTHER_SECRET);
    const own = await startReceiver(OTHER_SECRET);
    const source = await startSource({
      EVENTS_WEBHOOK_URL: `both=${both.url}, its-own=${own.url}`,
      EVENTS_WEBHOOK_SECRET: `${SECRET},${OTHER_SECRET}`,
      EVENTS_WEBHOOK_SECRET_ITS_OWN: OTHER_SECRET,
    });
    await source.connect('one');
    await Promise.all([both, own].map(({ until, taken }) => until(() => taken().length === 1)));
    expect([both.forged, own.forged]).toEqual([0, 0]);
    const [sent] = both.received;
    expect(sent?.headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);
    expect(() =>
      new Webhook(SECRET).verify(sent?.body ?? '', sent?.headers as Record<string, string>),
    ).not.toThrow();
    expect(own.received[0]?.headers['webhook-signature']).toMatch(/^v1,\S+$/);
  });

  it('are repeated with the same id until they are taken, in order, and hold up no other connection', async () => {
    const receiver = await startReceiver();
    const source = await startSource({ EVENTS_WEBHOOK_URL: receiver.url });
    let failing = '';
    let isFailing = true;
    receiver.answer(({ event }) => (isFailing && event.detail.id === failing ? 500 : 204));
    failing = await source.connect('failing');
    await source.accept(failing);
    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, index) => source.connect(`e${String(index)}`)),
    );
    await Promise.all(ids.map((id) => source.accept(id)));
    await receiver.until(
      () => receiver.taken().filter(({ event }) => ids.includes(event.detail.id)).length === 40,
    );
    for (const id of ids) expect(statusesOf(receiver.taken(), id)).toEqual(['PENDING', 'CONNECTED']);
    await receiver.until(() => receiver.received.filter(({ status }) => status === 500).length >= 3);
    const tries = receiver.received.filter(({ event }) => event.detail.id === failing);
    expect(new Set(tries.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(tries.map(({ body }) => body)).size).toBe(1);
    isFailing = false;
    await receiver.until(() => statusesOf(receiver.taken(), failing).length === 2);
    expect(statusesOf(receiver.taken(), failing)).toEqual(['PENDING', 'CONNECTED']);
    expect(receiver.taken()).toHaveLength(42);
    const metrics = await readMetrics(source.admin);
    const labels = { transport: 'webhook', destination: 'default' };
    const failures = receiver.received.length - 42;
    expect({
      delivered: valueOf(metrics, 'proton_subgraph_events_delivered_total', labels),
      failed: valueOf(metrics, 'proton_subgraph_events_failed_total', labels),
      retried: valueOf(metrics, 'proton_subgraph_events_retried_total', labels),
      dropped: valueOf(metrics, 'proton_subgraph_events_dropped_total', labels),
    }).toEqual({ delivered: 42, failed: failures, retried: failures, dropped: 0 });
  });

  it('wait as long as Retry-After says: all of a destination after 429, the event alone after 503', async () => {
    const receiver = await startReceiver();
    const source = await startSource({ EVENTS_WEBHOOK_URL: receiver.url });
    receiver.answer((_, response) => {
      response.setHeader('retry-after', '1');
      return 503;
    });
    const first = await source.connect('first');
    await receiver.until(() => receiver.received[0]?.status === 503);
    receiver.answer(() => 204);
    const second = await source.connect('second');
    await receiver.until(() => receiver.taken().length === 2);
    expect(receiver.taken().map(({ event }) => event.detail.id)).toEqual([second, first]);
    const [before, , after] = receiver.received.map(({ at }) => at);
    expect((after ?? 0) - (before ?? 0)).toBeGreaterThanOrEqual(995);

    receiver.answer((_, response) => {
      response.setHeader('retry-after', new Date(Date.now() + 1_500).toUTCString());
      return 429;
    });
    await source.accept(first);
    await receiver.until(() => receiver.received[3]?.status === 429);
    const refusedAt = performance.now();
    receiver.answer(() => 204);
    await source.accept(second);
    await receiver.until(() => receiver.taken().length === 4);
    // A date has no milliseconds.
    expect((receiver.received[4]?.at ?? 0) - refusedAt).toBeGreaterThanOrEqual(400);
  });

  it('wait after 429 even when the receiver takes others that were sent at the same time', async () => {
    const receiver = await startReceiver();
    const source = await startSource({ EVENTS_WEBHOOK_URL: receiver.url, EVENTS_IN_FLIGHT: '8' });
    const open: ((status: number) => void)[] = [];
    receiver.answer((_, response) => {
      response.setHeader('retry-after', '1');
      return new Promise((resolve) => open.push(resolve));
    });
    await connectMany(source, 12);
    await receiver.until(() => open.length === 8);
    const refusedAt = performance.now();
    open[0]?.(429);
    const failures = async () =>
      valueOf(await readMetrics(source.admin), 'proton_subgraph_events_failed_total');
    while ((await failures()) === 0) await delay(5);
    receiver.answer(() => 204);
    for (const answer of open.slice(1)) answer(204);
    await receiver.until(() => receiver.taken().length === 12);
    const later = receiver.received.slice(8);
    expect(later).toHaveLength(5);
    for (const { at } of later) expect(at - refusedAt).toBeGreaterThanOrEqual(995);
  });

  it('that a receiver refuses with 400 delay no others, however many they are', async () => {
    const receiver = await startReceiver();
    const source = await startSource({
      EVENTS_WEBHOOK_URL: receiver.url,
      EVENTS_RETRY_MIN_MS: '60000',
      EVENTS_RETRY_MAX_MS: '60000',
    });
    receiver.answer(() => 400);
    await connectMany(source, 40);
    await receiver.until(() => receiver.received.filter(({ status }) => status === 400).length === 40);
    receiver.answer(() => 204);
    const good = await source.connect('good');
    await receiver.until(() => receiver.taken().length === 1);
    expect(receiver.received[40]?.event.detail.id).toBe(good);
  });

  it('of a few connections that always fail let new ones of others pass before they are sent again', async () => {
    const receiver = await startReceiver();
    const source = await startSource({
      EVENTS_WEBHOOK_URL: receiver.url,
      EVENTS_RETRY_MIN_MS: '100',
      EVENTS_RETRY_MAX_MS: '100',
    });
    receiver.answer(() => 500);
    const bad = await connectMany(source, 24);
    const tried = () => new Set(receiver.received.map(({ event }) => event.detail.id));
    await receiver.until(() => tried().size === bad.length);
    receiver.answer(({ event }) => (bad.includes(event.detail.id) ? 500 : 204));
    const before = receiver.received.length;
    const good = await source.connect('good');
    await receiver.until(() => receiver.taken().length === 1);
    const triesBefore = receiver.received.findIndex(({ event }) => event.detail.id === good) - before;
    expect(triesBefore).toBeLessThan(bad.length / 2);
    receiver.answer(() => 204);
    await receiver.until(() => receiver.taken().length === 25);
    for (const id of bad) expect(statusesOf(receiver.taken(), id)).toEqual(['PENDING']);
  });

  it('follow no redirect, and end a try that takes too long', async () => {
    const receiver = await startReceiver();
    const source = await startSource({ EVENTS_WEBHOOK_URL: receiver.url, EVENTS_TIMEOUT_MS: '500' });
    const answers = [
      (response: { setHeader: (name: string, value: string) => unknown }) => {
        response.setHeader('location', '/elsewhere');
        return 307;
      },
      () => undefined,
    ];
    receiver.answer(
      (_, response) =>
        answers.shift()?.(response) ??
        (answers.length === 0 && receiver.received.length > 2 ? 204 : undefined),
    );
    await source.connect('one');
    await receiver.until(() => receiver.taken().length === 1);
    expect(receiver.received.map(({ path }) => path)).toEqual(['/hook', '/hook', '/hook']);
    expect(receiver.received.map(({ status }) => status)).toEqual([307, undefined, 204]);
  });

  it('are tried one at a time while a receiver takes nothing, delay no other destination, and all come in the end', async () => {
    const dead = await startReceiver();
    const alive = await startReceiver();
    const source = await startSource({ EVENTS_WEBHOOK_URL: `dead=${dead.url},alive=${alive.url}` });
    dead.answer(() => 503);
    await Promise.all(Array.from({ length: 40 }, (_, index) => source.connect(`e${String(index)}`)));
    await alive.until(() => alive.taken().length === 40);
    await dead.until(() => dead.received.length >= 16);
    // Those that were sent together until it was clear, and then one each 20 to 100 ms.
    const later = dead.received.slice(13);
    for (const [index, { at }] of later.entries()) {
      if (index > 0) expect(at - (later[index - 1]?.at ?? 0)).toBeGreaterThanOrEqual(18);
    }
    expect(new Set(dead.received.map(({ event }) => event.id)).size).toBeGreaterThan(8);
    const recover = await dead.goDown();
    dead.answer(() => 204);
    await recover();
    await dead.until(() => dead.taken().length === 40);
    expect(new Set(dead.taken().map(({ event }) => event.id)).size).toBe(40);
  });

  it('pause when the receiver answers 410, gather, and go on when they are resumed', async () => {
    const receiver = await startReceiver();
    const env = { DATABASE_URL: `sqlite:${folder.path('a.db')}` };
    const source = await startSource({ EVENTS_WEBHOOK_URL: receiver.url, ...env });
    receiver.answer(() => 410);
    const id = await source.connect('one');
    await receiver.until(() => receiver.received[0]?.status === 410);
    const metric = async (name: string) =>
      valueOf(await readMetrics(source.admin), `proton_subgraph_events_${name}`);
    while ((await metric('paused')) === 0) await delay(10);
    receiver.answer(() => 204);
    await source.accept(id);
    while ((await metric('backlog_rows')) < 2) await delay(10);
    expect(receiver.received).toHaveLength(1);
    expect((await command(['events', 'resume', 'default'], { env })).code).toBe(0);
    await receiver.until(() => receiver.taken().length === 2);
    expect(statusesOf(receiver.taken(), id)).toEqual(['PENDING', 'CONNECTED']);
    expect(receiver.received.map(({ status }) => status)).toEqual([410, 204, 204]);
  });
});
