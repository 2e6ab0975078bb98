import { startDatabaseSwitch, type HeldStatement } from '../../support/database-switch';
import { openSocket, STATUS_CHANGED, subscribeTo, type Change } from '../../support/subscription-socket';
import { useTemporaryFolder } from '../../support/folder';
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

  it('show a change that another replica makes right after the client has subscribed, although the database is slow', async () => {
    const slow = await startDatabaseSwitch(database.url);
    const replicas = await Promise.all([startReplica(slow.url), startReplica(database.url)]);
    const socket = await openSocket(replicas[0].url);
    await socket.init();
    const held: HeldStatement[] = [];
    slow.use(() => (statement) => void held.push(statement));
    await socket.subscribe(STATUS_CHANGED);
    await succeed(() => replicas[1].create('right-after'));
    slow.use(() => undefined);
    for (const { forward } of held) forward();
    expect(byName(await socket.changes(1))).toEqual({ 'right-after': ['PENDING'] });
    socket.socket.terminate();
    await Promise.all(replicas.map(({ end }) => end('SIGTERM')));
    await slow.stop();
  });
});

describe('A server with subscriptions', () => {
  it('completes them and closes their sockets with 1001 when it stops, and exits with 0, whatever clients do', async () => {
    const server = await startReplica('sqlite::memory:');
    const sockets = await Promise.all(Array.from({ length: 50 }, () => subscribeTo(server.url)));
    const idle = await openSocket(server.url);
    const stalled = await subscribeTo(server.url);
    stalled.socket.pause();
    const startedAt = performance.now();
    expect(await server.end('SIGTERM')).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    for (const { closed, next } of sockets) {
      expect(await next()).toEqual({ id: '1', type: 'complete' });
      expect((await closed)[0]).toBe(1001);
    }
    expect((await idle.closed)[0]).toBe(1001);
    stalled.socket.terminate();
    const lines = server.log().filter(({ msg }) => msg === 'subscription');
    expect(lines).toHaveLength(51);
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
});
