import { setTimeout as delay } from 'node:timers/promises';

import {
  failOnce,
  startDatabaseSwitch,
  type DatabaseSwitch,
  type HeldStatement,
  type WireFault,
} from '../../support/database-switch';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import {
  LATEST_ANSWER_MS,
  LATEST_RECOVERY_MS,
  startReplica,
  until,
  type MutationOutcome,
  type Replica,
} from '../../support/replicas';

/** The statements of the transaction that creates, updates or deletes a connection. */
const isWrite = ({ transaction }: HeldStatement) =>
  transaction.some((text) => /(?:INSERT INTO|UPDATE|DELETE FROM) connection/.test(text));
const isFirstOfWrite = ({ text }: HeldStatement) =>
  /INSERT INTO account_scopes|FOR UPDATE OF connections/.test(text);
const isWritten = (statement: HeldStatement) => isWrite(statement) && statement.text !== 'COMMIT';
const isCommit = (statement: HeldStatement) => isWrite(statement) && statement.text === 'COMMIT';

const cut: WireFault = (statement) => {
  statement.cut();
};
/** The server commits, and the client does not learn of it. */
const cutAfterCommit: WireFault = async (statement) => {
  statement.silence();
  statement.forward();
  await statement.committed;
  statement.cut();
};
/** The client's connection ends, and COMMIT reaches the server later. */
const commitLate: WireFault = async (statement) => {
  statement.cut();
  await delay(300);
  statement.forward();
};
/** The server commits, and the network loses its answer and all that follows. */
const loseAnswer: WireFault = (statement) => {
  statement.silence();
  statement.forward();
};
const loseStatement: WireFault = (statement) => {
  statement.silence();
};

describeWithPostgres('A network that fails between the server and PostgreSQL', () => {
  const database = usePostgres();
  let wire: DatabaseSwitch;
  let replica: Replica;
  beforeAll(async () => {
    wire = await startDatabaseSwitch(database.url);
    replica = await startReplica(wire.url);
  });
  afterAll(async () => {
    await replica.end('SIGTERM');
    await wire.stop();
  });
  afterEach(async () => {
    wire.use(() => undefined);
    await until(async () => (await replica.health()).ready === 200, LATEST_RECOVERY_MS);
  });

  async function rowsOf(name: string) {
    const [row] = await database.query<{ connections: number; events: number }>(
      `SELECT count(DISTINCT c.id)::int AS connections, count(e.id)::int AS events
       FROM connections c LEFT JOIN connection_events e ON e.connection_id = c.id WHERE c.environment_name = $1`,
      [name],
    );
    return row;
  }

  it.each<[string, (statement: HeldStatement) => boolean, WireFault]>([
    ['before BEGIN', ({ text }) => text.startsWith('BEGIN'), cut],
    ['while it locks and reads', isFirstOfWrite, cut],
    ['between its writes', isWritten, cut],
    ['before COMMIT', isCommit, cut],
    ['after COMMIT', isCommit, cutAfterCommit],
    ['with COMMIT on its way', isCommit, commitLate],
  ])('that is cut once in a write, %s, does not fail it', async (when, matches, fault) => {
    const name = when.replaceAll(' ', '-');
    const failed = failOnce(wire, matches, fault);
    const created = await replica.create(name, { token: name });
    expect(created).toMatchObject({ success: true, status: 'PENDING' });
    await failed;
    expect(created.ms).toBeLessThan(LATEST_ANSWER_MS);
    expect(await rowsOf(name)).toEqual({ connections: 1, events: 1 });

    const failedAgain = failOnce(wire, matches, fault);
    const accepted = await replica.accept(created.id ?? '');
    expect(accepted).toMatchObject({ success: true, status: 'CONNECTED' });
    await failedAgain;
    expect(await rowsOf(name)).toEqual({ connections: 1, events: 2 });

    const failedLast = failOnce(wire, matches, fault);
    const removed = await replica.remove(created.id ?? '');
    expect(removed).toMatchObject({ success: true, id: created.id });
    await failedLast;
    expect(await rowsOf(name)).toEqual({ connections: 0, events: 0 });
  });

  it.each<[string, (statement: HeldStatement) => boolean, WireFault, number]>([
    ['BEGIN', ({ text }) => text.startsWith('BEGIN'), loseStatement, 0],
    ['a statement', isWritten, loseStatement, 0],
    ['COMMIT', isCommit, loseStatement, 0],
    ['the answer to COMMIT', isCommit, loseAnswer, 1],
  ])('that loses %s leads to UNAVAILABLE in time', async (what, matches, fault, connections) => {
    let name: string;
    let failed: Promise<unknown>;
    let first: MutationOutcome;
    let attempts = 0;
    do {
      attempts += 1;
      name = `lost-${what.replaceAll(' ', '-')}-${String(attempts)}`;
      failed = failOnce(wire, matches, fault);
      first = await replica.create(name, { token: name });
      // The feed begins transactions too, and may have lost its BEGIN instead.
    } while (what === 'BEGIN' && first.success && attempts < 5);
    expect(first).toMatchObject({ success: false, code: 'UNAVAILABLE', retryable: true });
    await failed;
    expect(first.ms).toBeLessThan(LATEST_ANSWER_MS);
    expect(await rowsOf(name)).toMatchObject({ connections });
    // The client repeats it with its token.
    let again: MutationOutcome | undefined;
    await until(
      async () => (again = await replica.create(name, { token: name })).success,
      LATEST_RECOVERY_MS,
    );
    expect(again).toMatchObject({ success: true });
    expect(await rowsOf(name)).toEqual({ connections: 1, events: 1 });
  });

  it('that is cut after every COMMIT makes no create conflict with itself', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `every-${String(index)}`);
    wire.use((statement) => (isCommit(statement) ? cutAfterCommit : undefined));
    const outcomes = await Promise.all(
      names.map((name, index) => replica.create(name, { account: `3000000000${String(10 + (index % 7))}` })),
    );
    wire.use(() => undefined);
    expect(outcomes.filter(({ success, code }) => !success && code !== 'UNAVAILABLE')).toEqual([]);
    expect(Math.max(...outcomes.map(({ ms }) => ms))).toBeLessThan(LATEST_ANSWER_MS);
    const acknowledged = outcomes.flatMap(({ success, id }) => (success ? [id] : []));
    const found = await database.query<{ id: string }>(
      "SELECT id FROM connections WHERE environment_name LIKE 'every-%'",
    );
    expect(found.map(({ id }) => id)).toEqual(expect.arrayContaining(acknowledged));
    expect(acknowledged.length).toBeGreaterThan(0);
  });

  it('that loses a host with all sessions fails no more calls than one after another in five seconds', async () => {
    // As many sessions as the pool has.
    await Promise.all(Array.from({ length: 40 }, () => replica.read()));
    wire.silenceConnections();
    const outcomes: MutationOutcome[] = [];
    const recovered = await until(async () => {
      outcomes.push(await replica.create(`vanished-${String(outcomes.length)}`));
      return outcomes.at(-1)?.success === true;
    });
    expect(recovered).toBeLessThan(5_000);
    expect(Math.max(...outcomes.map(({ ms }) => ms))).toBeLessThan(LATEST_ANSWER_MS);
    expect((await replica.read()).code).toBeUndefined();
  });
});
