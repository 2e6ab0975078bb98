import { setTimeout as delay } from 'node:timers/promises';

import { Client } from 'pg';

import type { PostgresServer } from '../../../scripts/postgres/server';
import { readMetrics, valueOf } from '../../support/metrics';
import { describeWithPostgres, freezePostgres, startOwnPostgres } from '../../support/postgres';
import {
  LATEST_ANSWER_MS,
  LATEST_RECOVERY_MS,
  startReplica,
  until,
  type MutationOutcome,
  type Replica,
} from '../../support/replicas';

describeWithPostgres('A server whose PostgreSQL fails', () => {
  let postgres: PostgresServer;
  let admin: Client;
  let replica: Replica;
  beforeAll(async () => {
    postgres = await startOwnPostgres();
    replica = await startReplica(postgres.url, { DATABASE_POOL_SIZE: '4' });
    admin = new Client({ connectionString: postgres.url });
    await admin.connect();
  });
  afterAll(() => admin.end());

  const isReady = async () => (await replica.health()).ready === 200;
  const isUnused = async () => {
    const metrics = await readMetrics(replica.admin);
    const count = (name: string) => valueOf(metrics, `proton_subgraph_store_pool_${name}`);
    return count('size') > 0 && count('size') === count('idle') && count('waiting') === 0;
  };

  /** Sends creates and reads at the same time. @returns what went wrong, and the slowest answer in milliseconds */
  async function ask(name: string, creates: number, reads: number) {
    const written = Array.from({ length: creates }, (_, index) => replica.create(`${name}-${String(index)}`));
    const readings = Array.from({ length: reads }, () => replica.read());
    const mutations = await Promise.all(written);
    const queries = await Promise.all(readings);
    return {
      mutations: mutations.filter(({ success }) => !success),
      queries: queries.filter(({ code }) => code !== undefined),
      slowest: Math.max(...[...mutations, ...queries].map(({ ms }) => ms)),
    };
  }

  function expectUnavailable({ mutations, queries }: Awaited<ReturnType<typeof ask>>): void {
    const expected: Partial<MutationOutcome> = { code: 'UNAVAILABLE', retryable: true };
    expect(mutations).toEqual(mutations.map(() => expect.objectContaining(expected) as unknown));
    for (const { code } of queries) expect(['UNAVAILABLE', 'EXECUTION_TIMEOUT']).toContain(code);
  }

  /** Ends the sessions of the replica that match. @returns how many there were */
  async function terminate(condition: string): Promise<number> {
    const { rowCount } = await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'proton-subgraph' AND ${condition}`,
    );
    return rowCount ?? 0;
  }

  it('works after its idle sessions were ended', async () => {
    await ask('warm', 4, 8);
    await until(isUnused);
    expect(await terminate("state = 'idle'")).toBeGreaterThan(0);
    await until(async () => (await replica.create('after-idle')).success, LATEST_RECOVERY_MS);
    expect((await replica.read()).code).toBeUndefined();
    expect((await replica.health()).live).toBe(200);
  });

  it('answers all requests when sessions are ended in a transaction or a statement, and works afterwards', async () => {
    const over = new AbortController();
    let ended = 0;
    const killing = (async () => {
      while (!over.signal.aborted) {
        ended += await terminate("state <> 'idle'");
        await delay(15);
      }
    })();
    try {
      for (let round = 0; round < 8; round += 1)
        expectUnavailable(await ask(`killed-${String(round)}`, 10, 10));
    } finally {
      over.abort();
      await killing;
    }
    expect(ended).toBeGreaterThan(3);
    await until(isReady, LATEST_RECOVERY_MS);
    expect(await ask('after-kills', 10, 10)).toMatchObject({ mutations: [], queries: [] });
    await until(isUnused);
  });

  it('answers all requests that wait for a lock, as many as there are sessions and more', async () => {
    await admin.query('BEGIN');
    await admin.query('LOCK TABLE connections, connection_events IN ACCESS EXCLUSIVE MODE');
    const short = ask('short', 25, 25);
    await delay(300);
    await admin.query('COMMIT');
    expect(await short).toMatchObject({ mutations: [], queries: [] });

    await admin.query('BEGIN');
    await admin.query('LOCK TABLE connections, connection_events IN ACCESS EXCLUSIVE MODE');
    const long = await ask('long', 25, 25);
    await admin.query('COMMIT');
    expect(long.mutations).toHaveLength(25);
    expect(long.queries).toHaveLength(25);
    expectUnavailable(long);
    expect(long.slowest).toBeLessThan(LATEST_ANSWER_MS);
    await until(isReady, LATEST_RECOVERY_MS);
    await until(isUnused);
    expect(await ask('after-locks', 25, 25)).toMatchObject({ mutations: [], queries: [] });
  });

  it('answers 50 requests with one session', async () => {
    const small = await startReplica(postgres.url, {
      DATABASE_POOL_SIZE: '1',
      // A deadlock would last as long.
      DATABASE_STATEMENT_TIMEOUT_MS: '8000',
    });
    const asked = Array.from({ length: 25 }, (_, index) => [
      small.create(`small-${String(index)}`, { token: `small-${String(index)}` }),
      small.read(),
    ]).flat();
    const answers = await Promise.all(asked);
    expect(answers.filter(({ code }) => code !== undefined)).toEqual([]);
    expect(await small.health()).toMatchObject({ ready: 200 });
    expect(await small.end('SIGTERM')).toBe(0);
  });

  it('answers in time while the server is frozen, and recovers by itself', async () => {
    const thaw = freezePostgres(postgres);
    const [health, asked] = await Promise.all([replica.health(), ask('frozen', 25, 25)]);
    expect(health).toMatchObject({ ready: 503, live: 200 });
    expect(health.ms).toBeLessThan(LATEST_ANSWER_MS);
    expect(asked.mutations).toHaveLength(25);
    expectUnavailable(asked);
    expect(asked.slowest).toBeLessThan(LATEST_ANSWER_MS);
    expectUnavailable(await ask('frozen-again', 5, 5));
    expect(await replica.health()).toMatchObject({ ready: 503, live: 200 });
    expect((await readMetrics(replica.admin)).text).toContain('store_pool_size');
    thaw();
    await until(async () => (await replica.create('thawed')).success, LATEST_RECOVERY_MS);
    await until(isReady, LATEST_RECOVERY_MS);
    await until(isUnused);
    expect(await ask('after-frost', 10, 10)).toMatchObject({ mutations: [], queries: [] });
  });

  it('has met no error of its own by then, and stops', async () => {
    expect(await replica.end('SIGTERM')).toBe(0);
    expect(replica.log().filter(({ level }) => Number(level) >= 60)).toEqual([]);
    expect(replica.printed()).not.toMatch(/uncaught|unhandled/i);
  });
});
