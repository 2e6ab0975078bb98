import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { useTemporaryFolder } from '../support/folder';
import { readMetrics, valueOf } from '../support/metrics';
import { describeWithPostgres, usePostgres } from '../support/postgres';
import { startReplica } from '../support/replicas';
import { SECRET, startWebhookReceiver, statusesOf, type WebhookReceiver } from '../support/webhook-receiver';

const receivers: WebhookReceiver[] = [];
afterEach(async () => {
  await Promise.all(receivers.splice(0).map(({ close }) => close()));
});

describeWithPostgres('Two replicas on PostgreSQL', () => {
  const database = usePostgres();

  it('share the events, double none, keep the order of each connection, and go on after both are restarted', async () => {
    const receiver = await startWebhookReceiver();
    receivers.push(receiver);
    const variables = {
      EVENTS_WEBHOOK_URL: receiver.url,
      EVENTS_WEBHOOK_SECRET: SECRET,
      EVENTS_IN_FLIGHT: '2',
      EVENTS_RETRY_MIN_MS: '20',
      EVENTS_RETRY_MAX_MS: '100',
    };
    const start = () =>
      Promise.all([startReplica(database.url, variables), startReplica(database.url, variables)]);
    let replicas = await start();
    // One replica sends two at a time, so a third one comes from the other.
    const bothSend = receiver.until(() => receiver.received.length === 3);
    receiver.answer(async () => {
      await bothSend;
      return 204;
    });
    const ids = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const { id = '' } = await replicas[index % 2 === 0 ? 0 : 1].create(`e${String(index)}`);
        return id;
      }),
    );
    await Promise.all(ids.map((id, index) => replicas[index % 2 === 0 ? 1 : 0].accept(id)));
    await receiver.until(() => receiver.taken().length === 60);
    const delivered = await Promise.all(
      replicas.map(async ({ admin }) =>
        valueOf(await readMetrics(admin), 'proton_subgraph_events_delivered_total'),
      ),
    );
    expect((delivered[0] ?? 0) + (delivered[1] ?? 0)).toBe(60);
    expect(Math.min(...delivered)).toBeGreaterThan(0);
    for (const id of ids) expect(statusesOf(receiver.taken(), id)).toEqual(['PENDING', 'CONNECTED']);

    receiver.answer(() => 503);
    await Promise.all(ids.slice(0, 5).map((id) => replicas[0].remove(id)));
    expect(await Promise.all(replicas.map(({ end }) => end('SIGTERM')))).toEqual([0, 0]);
    receiver.answer(() => 204);
    replicas = await start();
    await receiver.until(() => receiver.taken().length === 65);
    expect(new Set(receiver.taken().map(({ event }) => event.id)).size).toBe(65);
    expect(receiver.forged).toBe(0);
    const log = replicas.map(({ log: lines }) => lines().map(({ msg }) => msg));
    expect(log.flat()).not.toContain('events wait, because the store fails');
  });
});

describe('A server whose receiver fails', () => {
  const folder = useTemporaryFolder();

  it('sends over TLS to a receiver that it trusts, and logs what fails without a URL or a secret', async () => {
    const [key, cert] = [folder.path('key.pem'), folder.path('cert.pem')];
    const { status } = spawnSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert],
    ]);
    expect(status).toBe(0);
    const receiver = await startWebhookReceiver({
      tls: { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') },
    });
    receivers.push(receiver);
    const variables = {
      EVENTS_WEBHOOK_URL: `trusted=${receiver.url}/T0K3N`,
      EVENTS_WEBHOOK_SECRET: SECRET,
      EVENTS_RETRY_MIN_MS: '20',
      EVENTS_RETRY_MAX_MS: '50',
    };
    const location = `sqlite:${folder.path('proton.db')}`;
    const distrusting = await startReplica(location, variables);
    const { id = '' } = await distrusting.create('one');
    const logged = (message: string) => distrusting.log().filter(({ msg }) => msg === message);
    while (logged('an event was not delivered').length < 2) await delay(20);
    expect(await distrusting.end('SIGTERM')).toBe(0);
    expect(logged('an event was not delivered')[0]).toMatchObject({
      level: 40,
      destination: 'trusted',
      connectionId: id,
      reason: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT') as string,
      tries: 1,
      retryInMs: expect.any(Number) as number,
    });
    expect(
      logged('a destination takes no events; it is tried with one at a time until it does'),
    ).toMatchObject([{ level: 50, destination: 'trusted' }]);
    expect(receiver.received).toHaveLength(0);

    receiver.answer(() => 410);
    const trusting = await startReplica(location, { ...variables, NODE_EXTRA_CA_CERTS: cert });
    const gone = () => trusting.log().filter(({ msg }) => String(msg).includes('410 Gone'));
    while (gone().length === 0) await delay(20);
    expect(gone()).toMatchObject([{ level: 50, destination: 'trusted' }]);
    await trusting.end('SIGTERM');
    const again = await startReplica(location, { ...variables, NODE_EXTRA_CA_CERTS: cert });
    const pauses = again.log().filter(({ msg }) => String(msg).startsWith('a destination is paused'));
    expect(pauses).toMatchObject([{ level: 40, destination: 'trusted', reason: 'gone' }]);
    expect(await again.end('SIGTERM')).toBe(0);
    expect(receiver.received).toHaveLength(1);
    const printed = [distrusting, trusting, again].map((server) => server.printed()).join('');
    expect(printed).not.toContain('T0K3N');
    expect(printed).not.toContain(SECRET);
  });
});
