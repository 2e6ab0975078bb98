import { setTimeout as delay } from 'node:timers/promises';

import BetterSqlite3 from 'better-sqlite3';

import { startSource } from '../events/source';
import { useTemporaryFolder } from '../support/folder';
import { startWebhookReceiver, statusesOf, type WebhookReceiver } from '../support/webhook-receiver';
import { command } from './command';

const folder = useTemporaryFolder();
const env = () => ({ DATABASE_URL: `sqlite:${folder.path('proton.db')}` });
const events = (...words: readonly string[]) => command(['events', ...words], { env: env() });

let receiver: WebhookReceiver;
beforeEach(async () => {
  receiver = await startWebhookReceiver();
});
afterEach(() => receiver.close());

describe('The commands for events', () => {
  it('say that a server registers destinations, when there are none', async () => {
    const source = await startSource(env());
    expect(await events('list')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'There are no destinations. A server registers those that are configured when it starts.\n',
    });
    expect(JSON.parse((await events('list', '--json')).stdout)).toEqual({ destinations: [] });
    expect(await events('pause', 'billing')).toMatchObject({ code: 1, stdout: '' });
    await source.stop();
  });

  it('list the destinations in aligned columns, and as JSON', async () => {
    const source = await startSource({
      ...env(),
      EVENTS_WEBHOOK_URL: `billing=${receiver.url},a-longer-name=${receiver.url}`,
    });
    await source.connect('one');
    await receiver.until(() => receiver.taken().length === 2);
    await source.stop();
    await events('pause', 'billing');
    const { code, stdout, stderr } = await events('list');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [head = '', ...rows] = stdout.trimEnd().split('\n');
    const at = ['TRANSPORT', 'LAST DELIVERED', 'STATUS'].map((title) => head.indexOf(title));
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
    expect(
      rows.map((row) => [row.slice(0, at[0]).trim(), ...at.map((from) => row.slice(from).split('  ')[0])]),
    ).toEqual([
      ['a-longer-name', 'webhook', time, 'active'],
      ['billing', 'webhook', time, expect.stringMatching(/^paused \d{4}-/) as string],
    ]);
    const json = JSON.parse((await events('list', '--json')).stdout) as { destinations: readonly unknown[] };
    expect(json.destinations).toEqual([
      {
        name: 'a-longer-name',
        transport: 'webhook',
        waiting: 0,
        oldestWaitsMs: 0,
        dropped: 0,
        failures: 0,
        deliveredAt: time,
        paused: null,
      },
      expect.objectContaining({ name: 'billing', paused: { reason: 'operator', since: time } }),
    ]);
  });

  it('pause and resume a destination of a running server, whose events gather meanwhile', async () => {
    const source = await startSource({ ...env(), EVENTS_WEBHOOK_URL: receiver.url });
    const id = await source.connect('one');
    await receiver.until(() => receiver.taken().length === 1);
    expect(await events('pause', 'default')).toEqual({
      code: 0,
      stdout: 'Paused default. Its events gather until `proton-subgraph events resume default`.\n',
      stderr: '',
    });
    expect((await events('pause', 'default')).stdout).toMatch(/^default was paused already, since \d{4}-/);
    await source.accept(id);
    const waiting = async () =>
      (
        JSON.parse((await events('list', '--json')).stdout) as {
          destinations: readonly { waiting: number }[];
        }
      ).destinations[0]?.waiting;
    while ((await waiting()) !== 1) await delay(10);
    expect(receiver.received).toHaveLength(1);
    expect((await events('resume', 'default')).stdout).toBe('Resumed default.\n');
    await receiver.until(() => receiver.taken().length === 2);
    expect(statusesOf(receiver.taken(), id)).toEqual(['PENDING', 'CONNECTED']);
    expect((await events('resume', 'default')).stdout).toMatch(/^default was not paused\./);
  });

  it('replay what has occurred since a time, with the same ids and in order', async () => {
    const source = await startSource({ ...env(), EVENTS_WEBHOOK_URL: receiver.url });
    const id = await source.connect('one');
    await source.accept(id);
    await receiver.until(() => receiver.taken().length === 2);
    const replayed = await events(
      'replay',
      'default',
      '--since',
      new Date(Date.now() - 60_000).toISOString(),
    );
    expect(replayed).toMatchObject({ code: 0, stderr: '' });
    expect(replayed.stdout).toMatch(/^default gets 2 events again, the first of \d{4}-\S+Z\.\n$/);
    await receiver.until(() => receiver.taken().length === 4);
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(ids.slice(2)).toEqual(ids.slice(0, 2));
    expect(receiver.received.slice(2).map(({ event }) => event.detail.status)).toEqual([
      'PENDING',
      'CONNECTED',
    ]);
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    expect((await events('replay', 'default', '--since', tomorrow)).stdout).toMatch(
      /^Nothing has occurred since /,
    );
  });

  it('say how many events a replay leaves out because their records are damaged, and fail', async () => {
    const source = await startSource({ ...env(), EVENTS_WEBHOOK_URL: receiver.url });
    const id = await source.connect('one');
    await source.accept(id);
    await receiver.until(() => receiver.taken().length === 2);
    await source.stop();
    const database = new BetterSqlite3(folder.path('proton.db'));
    database.exec(`UPDATE connection_events SET snapshot = '{' WHERE status = 'PENDING'`);
    database.close();
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
    expect(await events('replay', 'default', '--since', hourAgo)).toEqual({
      code: 1,
      stdout: expect.stringMatching(/^default gets 1 event again, the first of \S+Z\.\n$/) as string,
      stderr: "1 event is left out: what the database keeps of the connection at that time can't be read.\n",
    });
  });

  it('refuse an unknown name and list the others, and refuse a time without an offset', async () => {
    const source = await startSource({
      ...env(),
      EVENTS_WEBHOOK_URL: `billing=${receiver.url},audit=${receiver.url}`,
    });
    await source.stop();
    for (const words of [['pause'], ['resume'], ['replay', '--since', '2026-11-23T09:30:00Z']]) {
      const [verb = '', ...options] = words;
      expect(await events(verb, 'biling', ...options)).toEqual({
        code: 1,
        stdout: '',
        stderr: 'There is no destination biling. There are: audit, billing.\n',
      });
    }
    expect(await events('replay', 'audit', '--since', 'yesterday')).toMatchObject({ code: 2 });
    expect(await events('replay', 'audit')).toMatchObject({ code: 2 });
  });
});
