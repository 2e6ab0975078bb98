import { openSocket, subscribeTo, type Change } from '../../support/subscription-socket';
import { dataOf } from '../../support/graphql-client';
import { useTemporaryFolder } from '../../support/folder';
import { readMetrics, valueOf } from '../../support/metrics';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import { startReplica, type MutationOutcome, type Replica } from '../../support/replicas';

/** Each change of a connection as `PENDING`, `CONNECTED`, `REJECTED` or `none`, by the connection's name. */
function byName(changes: readonly Change[]): Readonly<Record<string, readonly string[]>> {
  const found: Record<string, string[]> = {};
  for (const { connection, status } of changes)
    (found[connection.environmentName] ??= []).push(status ?? 'none');
  return found;
}

/** Repeats a mutation that a busy database could not answer in time. @throws Error when it fails in another way */
async function succeed(mutate: () => Promise<MutationOutcome>): Promise<string> {
  for (;;) {
    const { success, id = '', code, retryable } = await mutate();
    if (success) return id;
    if (retryable !== true) throw new Error(`a mutation failed with ${String(code)}`);
  }
}

async function liveThrough(name: string, [one, two]: readonly [Replica, Replica]): Promise<void> {
  const id = await succeed(() => one.create(name, { token: name }));
  await succeed(() => two.accept(id));
  await succeed(() => one.reject(id));
  await succeed(() => two.remove(id));
}

/** Some connections live through all their statuses, with changes by both processes. */
async function liveAll([one, two]: readonly [Replica, Replica]): Promise<void> {
  await Promise.all(NAMES.map((name, index) => liveThrough(name, index % 2 === 0 ? [one, two] : [two, one])));
}

const LIFE = ['PENDING', 'CONNECTED', 'REJECTED', 'none'];
const CREATE_WITH_TAGS = `mutation ($name: String!, $tags: [EnvironmentAccountConnectionTagInput!]) {
  createEnvironmentAccountConnection(input: {
    managementAccountId: "111111111111", environmentAccountId: "222222222222", environmentName: $name, tags: $tags
  }) { success }
}`;
const TAGS = Array.from({ length: 50 }, (_, index) => ({
  key: `key-${String(index)}`,
  value: 'x'.repeat(256),
}));

const NAMES = Array.from({ length: 12 }, (_, index) => `life-${String(index)}`);

describe('Subscriptions of two processes on one SQLite file', () => {
  const folder = useTemporaryFolder();

  it('show the changes of both, none missed and in order for each connection', async () => {
    const database = `sqlite:${folder.path('proton.db')}`;
    const replicas = [await startReplica(database), await startReplica(database)] as const;
    const sockets = await Promise.all(replicas.map(({ url }) => subscribeTo(url)));
    await liveAll(replicas);
    for (const socket of sockets) {
      const seen = byName(await socket.changes(NAMES.length * LIFE.length));
      expect(seen).toEqual(Object.fromEntries(NAMES.map((name) => [name, LIFE])));
      socket.socket.terminate();
    }
    await Promise.all(replicas.map(({ end }) => end('SIGTERM')));
  });
});

describeWithPostgres('Subscriptions of two replicas on PostgreSQL', () => {
  const database = usePostgres();

  it('show the changes of both, none missed and in order for each connection', async () => {
    const replicas = await Promise.all([startReplica(database.url), startReplica(database.url)]);
    const before = await replicas[1].create('before');
    const sockets = await Promise.all(replicas.map(({ url }) => subscribeTo(url)));
    await liveAll(replicas);
    for (const socket of sockets) {
      const seen = byName(await socket.changes(NAMES.length * LIFE.length));
      expect(seen).toEqual(Object.fromEntries(NAMES.map((name) => [name, LIFE])));
      socket.socket.terminate();
    }
    expect(before.success).toBe(true);
    await Promise.all(replicas.map(({ end }) => end('SIGTERM')));
  });
});

describe('A server with subscriptions', () => {
  let server: Replica;
  beforeEach(async () => {
    server = await startReplica('sqlite::memory:', { MAX_SUBSCRIPTION_QUEUE: '4' });
  });

  it('completes them and closes their sockets with 1001 when it stops, and exits with 0', async () => {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => subscribeTo(server.url)));
    const idle = await openSocket(server.url);
    const startedAt = performance.now();
    expect(await server.end('SIGTERM')).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    for (const { closed, next } of sockets) {
      expect(await next()).toEqual({ id: '1', type: 'complete' });
      expect((await closed)[0]).toBe(1001);
    }
    expect((await idle.closed)[0]).toBe(1001);
    const lines = server.log().filter(({ msg }) => msg === 'subscription');
    expect(lines).toHaveLength(50);
    expect(lines[0]).toMatchObject({
      level: 30,
      transport: 'websocket',
      operation: 'environmentAccountConnectionStatusChanged',
      operationName: 'Changes',
      subject: 'anonymous',
      outcome: 'SERVER_STOPPING',
      events: 0,
      requestId: expect.any(String) as string,
      startedAt: expect.stringMatching(/^\d{4}-/) as string,
      durationMs: expect.any(Number) as number,
    });
  });

  it('does not wait for clients that do not close their side', async () => {
    const opened = await subscribeTo(server.url);
    opened.socket.pause();
    const startedAt = performance.now();
    expect(await server.end('SIGTERM')).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    opened.socket.terminate();
  });

  it('ends the subscription of a client that stops reading, while others get every event', async () => {
    // Results of some hundred kB, so that the buffers of the operating system are full soon.
    const aliases = Array.from({ length: 25 }, (_, index) => `tags${String(index)}: tags { key value }`);
    const stalled = await openSocket(server.url);
    await stalled.init();
    await stalled.subscribe(
      `subscription { environmentAccountConnectionStatusChanged { connection { ${aliases.join(' ')} } } }`,
    );
    const watching = await subscribeTo(server.url);
    stalled.socket.pause();
    const overflows = async () =>
      valueOf(await readMetrics(server.admin), 'proton_subgraph_subscriptions_total', {
        outcome: 'SUBSCRIPTION_OVERFLOW',
      });
    let events = 0;
    while ((await overflows()) === 0) {
      await dataOf(server.url, CREATE_WITH_TAGS, { name: `e${String(events)}`, tags: TAGS });
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
    await server.end('SIGTERM');
  });
});

describe('A server that pings its clients often', () => {
  it('closes the socket of a client that does not respond', async () => {
    const server = await startReplica('sqlite::memory:', { SOCKET_PING_MS: '100' });
    const opened = await openSocket(server.url, { autoPong: false });
    expect((await opened.closed)[0]).toBe(1006);
    await server.end('SIGTERM');
  });
});
