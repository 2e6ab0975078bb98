import { setTimeout as delay } from 'node:timers/promises';

import BetterSqlite3 from 'better-sqlite3';

import { useTemporaryFolder } from '../support/folder';
import { readMetrics, valueOf } from '../support/metrics';
import { startWebhookReceiver, statusesOf, type WebhookReceiver } from '../support/webhook-receiver';
import { startSource } from './source';

const folder = useTemporaryFolder();
let receiver: WebhookReceiver;
beforeEach(async () => {
  receiver = await startWebhookReceiver();
});
afterEach(() => receiver.close());

const variables = () => ({
  DATABASE_URL: `sqlite:${folder.path('proton.db')}`,
  EVENTS_WEBHOOK_URL: receiver.url,
});

describe('Events and stops of the server', () => {
  it('begin with the changes after the first start with a destination', async () => {
    const before = await startSource({ DATABASE_URL: variables().DATABASE_URL });
    const old = await before.connect('old');
    const page = await (await fetch(`${before.admin ?? ''}/metrics`)).text();
    expect(page).not.toContain('proton_subgraph_events_');
    await before.stop();
    const source = await startSource(variables());
    await source.accept(old);
    await receiver.until(() => receiver.taken().length === 1);
    expect(statusesOf(receiver.received, old)).toEqual(['CONNECTED']);
  });

  it('go on after a stop with what the receiver has not taken, and lose nothing', async () => {
    receiver.answer(() => 503);
    const first = await startSource(variables());
    const ids = await Promise.all(['a', 'b', 'c'].map(first.connect));
    for (const id of ids) await first.accept(id);
    await first.stop();
    receiver.answer(() => 204);
    await startSource(variables());
    await receiver.until(() => receiver.taken().length === 6);
    for (const id of ids) expect(statusesOf(receiver.taken(), id)).toEqual(['PENDING', 'CONNECTED']);
  });

  it('finish what is being sent within the grace period, and claim nothing more', async () => {
    const source = await startSource({ ...variables(), EVENTS_IN_FLIGHT: '1' });
    let finish: (status: number) => void = () => undefined;
    receiver.answer(() => new Promise((resolve) => (finish = resolve)));
    await Promise.all(['a', 'b'].map(source.connect));
    await receiver.until(() => receiver.received.length === 1);
    const stopped = source.stop();
    await delay(50);
    finish(204);
    expect(await stopped).toBe(0);
    expect(receiver.received).toHaveLength(1);
    receiver.answer(() => 204);
    await startSource(variables());
    await receiver.until(() => receiver.taken().length === 2);
    expect(receiver.received).toHaveLength(2);
  });

  it('end what takes longer than the grace period, which the next start sends at once', async () => {
    const source = await startSource({ ...variables(), SHUTDOWN_GRACE_MS: '100' });
    receiver.answer(() => undefined);
    await source.connect('a');
    await receiver.until(() => receiver.received.length === 1);
    await source.stop();
    receiver.answer(() => 204);
    await startSource(variables());
    // Long before the lease of 30 s ends.
    await receiver.until(() => receiver.taken().length === 1);
    expect(receiver.received.map(({ event }) => event.id)).toEqual(
      Array(2).fill(receiver.received[0]?.event.id),
    );
  });

  it('drop and count what has waited for longer than EVENTS_RETENTION_MS, and go on with what comes then', async () => {
    receiver.answer(() => 503);
    const source = await startSource({ ...variables(), EVENTS_RETENTION_MS: '10000' });
    const id = await source.connect('old');
    await source.accept(id);
    const metric = async (name: string) =>
      valueOf(await readMetrics(source.admin), `proton_subgraph_events_${name}`, {
        transport: 'webhook',
        destination: 'default',
      });
    while (rowsIn('outbound_events') < 2) await delay(10);
    inDatabase((database) =>
      database.exec(`UPDATE outbound_events SET queued_at = queued_at - ${String(DAY_MS)}`),
    );
    while ((await metric('dropped_total')) < 2) await delay(20);
    receiver.answer(() => 204);
    await source.remove(id);
    await receiver.until(() => receiver.taken().length === 1);
    expect(statusesOf(receiver.taken(), id)).toEqual(['DELETED']);
  });

  it('drop and count changes that occurred before that time while no server ran', async () => {
    const first = await startSource(variables());
    await first.stop();
    const other = await startSource({ DATABASE_URL: variables().DATABASE_URL });
    const id = await other.connect('old');
    await other.stop();
    inDatabase((database) =>
      database.exec(`UPDATE connection_events SET occurred_at = occurred_at - ${String(8 * DAY_MS)}`),
    );
    const source = await startSource(variables());
    await source.accept(id);
    await receiver.until(() => receiver.taken().length === 1);
    expect(statusesOf(receiver.received, id)).toEqual(['CONNECTED']);
    expect(valueOf(await readMetrics(source.admin), 'proton_subgraph_events_dropped_total')).toBe(1);
  });

  it('drop and count a change that can not be read, and go on with what comes then', async () => {
    const first = await startSource(variables());
    await first.stop();
    const other = await startSource({ DATABASE_URL: variables().DATABASE_URL });
    const id = await other.connect('one');
    await other.stop();
    inDatabase((database) => database.exec(`UPDATE connection_events SET snapshot = '{'`));
    const source = await startSource(variables());
    await source.accept(id);
    await receiver.until(() => receiver.taken().length === 1);
    expect(statusesOf(receiver.received, id)).toEqual(['CONNECTED']);
    expect(valueOf(await readMetrics(source.admin), 'proton_subgraph_events_dropped_total')).toBe(1);
  });

  it('send the other events when the text of one is lost', async () => {
    receiver.answer(() => 503);
    const first = await startSource(variables());
    const [lost = '', kept = ''] = await Promise.all(['a', 'b'].map(first.connect));
    while (rowsIn('outbound_events') < 2) await delay(10);
    await first.stop();
    inDatabase((database) =>
      database.prepare('DELETE FROM outbound_events WHERE connection_id = ?').run(lost),
    );
    receiver.answer(() => 204);
    await startSource(variables());
    await receiver.until(() => receiver.taken().length === 1);
    expect(receiver.taken().map(({ event }) => event.detail.id)).toEqual([kept]);
  });
});

const DAY_MS = 86_400_000;

/** Opens the store's file beside the server. */
function inDatabase<Result>(work: (database: BetterSqlite3.Database) => Result): Result {
  const database = new BetterSqlite3(folder.path('proton.db'));
  try {
    return work(database);
  } finally {
    database.close();
  }
}

function rowsIn(table: string): number {
  return inDatabase((database) => Number(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get()));
}
