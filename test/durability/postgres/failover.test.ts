import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import { Client } from 'pg';

import type { PostgresServer } from '../../../scripts/postgres/server';
import { startDatabaseSwitch, type DatabaseSwitch } from '../../support/database-switch';
import { describeWithPostgres, freezePostgres, startOwnPostgres } from '../../support/postgres';
import {
  LATEST_ANSWER_MS,
  LATEST_RECOVERY_MS,
  startReplica,
  until,
  type MutationOutcome,
  type Replica,
} from '../../support/replicas';
import { openDatabase } from '../../../src/control-plane/postgres/database';
import { reading } from '../../../src/control-plane/postgres/errors';
import { connectionTo } from '../../support/postgres-store';
import { startStandby } from '../../support/standby';

const CLIENTS = 8;
/** The standby repeats what the primary did at once, and cancels reads that are in the way. */
const CANCELS_AT_ONCE = { max_standby_streaming_delay: '0', hot_standby_feedback: 'off' };

describeWithPostgres('With a standby', () => {
  let primary: PostgresServer;
  let standby: PostgresServer;
  /** What stands for the name or the proxy that leads to the primary. */
  let wire: DatabaseSwitch;
  let replica: Replica;
  let reader: Replica;
  beforeAll(async () => {
    primary = await startOwnPostgres();
    wire = await startDatabaseSwitch(primary.url);
    replica = await startReplica(wire.url);
    standby = await startStandby(primary, CANCELS_AT_ONCE);
    // An acknowledged write must be on both.
    await run(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'");
    await run(primary, 'SELECT pg_reload_conf()');
    await until(async () => (await run(primary, 'SELECT 1 FROM pg_stat_replication')) === 1);
    reader = await startReplica(standby.url, { DATABASE_READ_ONLY: 'allowed' });
  });
  afterAll(() => wire.stop());

  const unavailable: Partial<MutationOutcome> = { success: false, code: 'UNAVAILABLE', retryable: true };

  it('a server that may be read-only is ready on the standby, answers reads and refuses writes', async () => {
    const { id } = await replica.create('on-primary');
    expect(await reader.health()).toMatchObject({ ready: 200, live: 200, store: 'ok' });
    expect((await reader.read()).code).toBeUndefined();
    expect(await reader.create('on-standby')).toMatchObject(unavailable);
    expect(await reader.accept(id ?? '')).toMatchObject(unavailable);
    expect(await reader.health()).toMatchObject({ ready: 200 });
  });

  it('a read that the standby cancels, because it is in the way of a change, is repeated once', async () => {
    const database = openDatabase({
      connection: connectionTo(standby.url),
      poolSize: 2,
      timeoutMs: 10_000,
      prepare: true,
    });
    const slow = { text: 'SELECT count(*), pg_sleep(9) FROM connections' };
    /** Removes rows that reads of the standby see, until the result is there. */
    async function withCancelling<Result>(result: Promise<Result>): Promise<Result> {
      const over = new AbortController();
      void Promise.allSettled([result]).then(() => {
        over.abort();
      });
      while (!over.signal.aborted) {
        await run(primary, 'UPDATE connections SET last_modified_at = last_modified_at + 1');
        await run(primary, 'VACUUM connections');
      }
      return result;
    }
    let reads = 0;
    const repeated = reading(() => database.run((reads += 1) === 1 ? slow : { text: 'SELECT 1' }));
    expect(await withCancelling(repeated)).toEqual([[1]]);
    expect(reads).toBe(2);
    const failing = reading(() => database.run(slow));
    await expect(withCancelling(failing)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await database.close();
  });

  it('a server whose primary has become a standby says so, goes on with reads, and finds the new primary', async () => {
    wire.turnTo(standby.port);
    wire.endConnections();
    await until(async () => (await replica.health()).ready === 503);
    const health = await replica.health();
    expect(health).toMatchObject({
      ready: 503,
      live: 200,
      store: expect.stringMatching(/read-only/) as string,
    });
    expect((await replica.read()).code).toBeUndefined();
    expect(await replica.create('refused')).toMatchObject(unavailable);
    // Its sessions with the standby stay open.
    wire.turnTo(primary.port);
    await until(async () => (await replica.health()).ready === 200, LATEST_RECOVERY_MS);
    expect(await replica.create('on-primary-again')).toMatchObject({ success: true });
  });

  it('a server acknowledges no write that the standby does not confirm', async () => {
    const thaw = freezePostgres(standby);
    const unconfirmed = await replica.create('unconfirmed', { token: 'unconfirmed' });
    expect(unconfirmed).toMatchObject(unavailable);
    expect(unconfirmed.ms).toBeLessThan(LATEST_ANSWER_MS);
    thaw();
    await until(
      async () => (await replica.create('unconfirmed', { token: 'unconfirmed' })).success,
      LATEST_RECOVERY_MS,
    );
  });

  it('a server whose primary is killed loses no acknowledged write, and writes to the promoted standby by itself', async () => {
    const outcomes: MutationOutcome[] = [];
    let isOver = false;
    const clients = Array.from({ length: CLIENTS }, async (_, client) => {
      for (let count = 0; !isOver; count += 1) {
        outcomes.push(await replica.create(`load-${String(client)}-${String(count)}`));
        // As a client that waits before it tries again.
        if (!outcomes.at(-1)?.success) await delay(20);
      }
    });
    await until(async () => Promise.resolve(outcomes.length > 40));
    process.kill(primary.pid, 'SIGKILL');
    await primary.exited;
    await until(async () => (await replica.health()).ready === 503, LATEST_ANSWER_MS);
    expect(await replica.health()).toMatchObject({ ready: 503, live: 200 });
    const { code, ms } = await replica.read();
    expect(['UNAVAILABLE', 'EXECUTION_TIMEOUT']).toContain(code);
    expect(ms).toBeLessThan(LATEST_ANSWER_MS);

    await run(standby, 'SELECT pg_promote()');
    wire.turnTo(standby.port);
    const before = outcomes.length;
    await until(
      async () => Promise.resolve(outcomes.slice(before).some(({ success }) => success)),
      LATEST_RECOVERY_MS,
    );
    await until(async () => (await replica.health()).ready === 200, LATEST_RECOVERY_MS);
    isOver = true;
    await Promise.all(clients);

    const failed = outcomes.filter(({ success }) => !success);
    expect(failed).toEqual(failed.map(() => expect.objectContaining(unavailable) as unknown));
    expect(Math.max(...outcomes.map(({ ms }) => ms))).toBeLessThan(LATEST_ANSWER_MS);
    const ids = outcomes.flatMap(({ success, id }) => (success ? [id] : []));
    expect(await run(standby, 'SELECT 1 FROM connections WHERE id = ANY ($1::uuid[])', [ids])).toBe(
      ids.length,
    );
    expect(await reader.create('now-a-primary')).toMatchObject({ success: true });
    expect(await Promise.all([replica.end('SIGTERM'), reader.end('SIGTERM')])).toEqual([0, 0]);
  });
});

/** @returns the number of rows */
async function run(
  { url }: PostgresServer,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<number> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rowCount } = await client.query(sql, [...parameters]);
  const ended = once(client, 'end');
  await client.end();
  await ended;
  return rowCount ?? 0;
}
