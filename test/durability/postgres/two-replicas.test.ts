import { setTimeout as delay } from 'node:timers/promises';

import { Client } from 'pg';

import { inconsistenciesOf } from '../../../scripts/postgres/inconsistencies';
import { failOnce, startDatabaseSwitch, type DatabaseSwitch } from '../../support/database-switch';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import {
  LATEST_ANSWER_MS,
  LATEST_RECOVERY_MS,
  startReplica,
  until,
  type MutationOutcome,
  type Replica,
} from '../../support/replicas';

const ROUNDS = 12;
const CLIENTS = 8;
const QUOTA = 50;

describeWithPostgres('Two replicas on one database', () => {
  const database = usePostgres();
  let wire: DatabaseSwitch;
  let first: Replica;
  let second: Replica;
  beforeAll(async () => {
    wire = await startDatabaseSwitch(database.url);
    const variables = { PROTON_CONNECTION_QUOTA: String(QUOTA) };
    [first, second] = await Promise.all([
      startReplica(wire.url, variables),
      startReplica(database.url, variables),
    ]);
  });
  afterAll(() => wire.stop());

  const hasFed = async () => (await database.query('SELECT 1 FROM unsequenced')).length === 0;

  /** Calls of several clients at the same time, half of them to each replica. */
  const together = (call: (replica: Replica, client: number) => Promise<MutationOutcome>) =>
    Promise.all(
      Array.from({ length: CLIENTS }, (_, client) => call(client % 2 === 0 ? first : second, client)),
    );
  const codesOf = (outcomes: readonly MutationOutcome[]) =>
    outcomes.flatMap(({ success, code }) => (success ? [] : [code]));
  const eventsOf = async (id: string | undefined) => {
    const rows = await database.query<{ type: string }>(
      'SELECT type FROM connection_events WHERE connection_id = $1 ORDER BY version',
      [id],
    );
    return rows.map(({ type }) => type);
  };
  const roundNames = (name: string) =>
    Array.from({ length: ROUNDS }, (_, round) => `${name}-${String(round)}`);

  it('create one connection of a name, and the others conflict', async () => {
    for (const name of roundNames('name')) {
      const outcomes = await together((replica) => replica.create(name));
      expect(codesOf(outcomes)).toEqual(Array.from({ length: CLIENTS - 1 }, () => 'CONFLICT'));
      expect(await eventsOf(outcomes.find(({ success }) => success)?.id)).toEqual(['CREATED']);
    }
  });

  it('create one connection for a client token, and return it to every client', async () => {
    for (const token of roundNames('token')) {
      const outcomes = await together((replica) => replica.create(token, { token, account: '333333333333' }));
      expect(codesOf(outcomes)).toEqual([]);
      const ids = new Set(outcomes.map(({ id }) => id));
      expect(ids.size).toBe(1);
      expect(await eventsOf([...ids][0])).toEqual(['CREATED']);
    }
  });

  it('refuse a client token that another replica has seen with other parameters', async () => {
    for (const token of roundNames('parameters')) {
      const outcomes = await together((replica, client) =>
        replica.create(token, { token, account: '444444444444', role: `role-${String(client % 4)}` }),
      );
      const created = outcomes.filter(({ success }) => success);
      expect(new Set(created.map(({ id }) => id)).size).toBe(1);
      // Two clients send each role: one replica's clients have even numbers, the other's have odd ones.
      expect(created).toHaveLength(2);
      expect(new Set(codesOf(outcomes))).toEqual(new Set(['VALIDATION_ERROR']));
      expect(await eventsOf(created[0]?.id)).toEqual(['CREATED']);
    }
  });

  it('keep to the quota of an account', async () => {
    const account = '555555555555';
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, round) =>
        together((replica, client) =>
          replica.create(`quota-${String(round)}-${String(client)}`, { account }),
        ),
      ),
    );
    const codes = codesOf(outcomes.flat());
    expect(codes).toHaveLength(20 * CLIENTS - QUOTA);
    expect(new Set(codes)).toEqual(new Set(['QUOTA_EXCEEDED']));
    expect(
      await database.query('SELECT 1 FROM connections WHERE environment_account_id = $1', [account]),
    ).toHaveLength(QUOTA);
  });

  it('accept or refuse to accept a connection that is rejected at the same time', async () => {
    for (const name of roundNames('decision')) {
      const { id = '' } = await first.create(name, { account: '666666666666' });
      const outcomes = await together((replica, client) =>
        [0, 3].includes(client % 4) ? replica.accept(id) : replica.reject(id),
      );
      const [accepts, rejects] = [
        [0, 3],
        [1, 2],
      ].map((clients) => outcomes.filter((_, client) => clients.includes(client % 4)));
      expect(codesOf(rejects ?? [])).toEqual([]);
      const isAccepted = accepts?.some(({ success }) => success);
      for (const code of codesOf(accepts ?? [])) expect(code).toBe('CONFLICT');
      expect(await eventsOf(id)).toEqual(['CREATED', ...(isAccepted ? ['ACCEPTED'] : []), 'REJECTED']);
    }
  });

  it('delete a connection once, and update it before or not at all', async () => {
    for (const name of roundNames('deletion')) {
      const { id = '' } = await first.create(name, { account: '777777777777' });
      const outcomes = await together((replica, client) =>
        client < 4 ? replica.update(id, '777777777777') : replica.remove(id),
      );
      const [updates, removals] = [outcomes.slice(0, 4), outcomes.slice(4)];
      expect(codesOf(removals)).toEqual([]);
      // A deletion of what is gone succeeds without data.
      expect(removals.filter((removal) => removal.id !== undefined)).toHaveLength(1);
      for (const code of codesOf(updates)) expect(code).toBe('NOT_FOUND');
      // An update that changes nothing has no event.
      const isUpdated = updates.some(({ success }) => success);
      expect(await eventsOf(id)).toEqual(['CREATED', ...(isUpdated ? ['UPDATED'] : []), 'DELETED']);
    }
  });

  it('go on with writes and the feed while one is frozen in the middle of a transaction', async () => {
    const account = '888888888888';
    let thaw: () => void = () => undefined;
    const thawed = new Promise<void>((resolve) => (thaw = resolve));
    const held = failOnce(
      wire,
      ({ text }) => text.includes('INSERT INTO connections'),
      async ({ forward }) => {
        first.child.kill('SIGSTOP');
        await thawed;
        forward();
      },
    );
    const creating = { account, token: 'frozen' };
    const frozen = first.create('frozen', creating);
    await held;
    const outcomes = await Promise.all([
      second.create('same-account', { account }),
      ...Array.from({ length: 20 }, (_, index) =>
        second.create(`free-${String(index)}`, { account: `8888888888${String(10 + index)}` }),
      ),
    ]);
    expect(codesOf(outcomes)).toEqual([]);
    expect(Math.max(...outcomes.map(({ ms }) => ms))).toBeLessThan(LATEST_ANSWER_MS);
    expect(await until(hasFed)).toBeLessThan(2_000);
    expect((await second.health()).ready).toBe(200);
    first.child.kill('SIGCONT');
    thaw();
    // Its transaction is gone. It repeats it if there is time left.
    const { success, code } = await frozen;
    expect(success ? undefined : code).toBe(success ? undefined : 'UNAVAILABLE');
    await until(async () => (await first.health()).ready === 200, LATEST_RECOVERY_MS);
    const { id } = await first.create('frozen', creating);
    expect(await eventsOf(id)).toEqual(['CREATED']);
  });

  it('put changes into the feed although another transaction has been open for three seconds', async () => {
    const open = new Client({ connectionString: database.url });
    await open.connect();
    await open.query('BEGIN');
    const id = '99999999-9999-4999-8999-999999999999';
    await open.query(`INSERT INTO connections VALUES ('${id}', 'us-east-1', 'PENDING', 'open', '111111111111',
      '999999999999', NULL, NULL, NULL, 1, 1, '[]', 1, true)`);
    await open.query(`INSERT INTO connection_events (connection_id, version, id, type, status, actor, occurred_at)
      VALUES ('${id}', 1, '${id}', 'CREATED', 'PENDING', 'someone', 1)`);
    await open.query(`INSERT INTO unsequenced VALUES ('${id}', 1)`);
    const started = performance.now();
    let written = 0;
    for (; performance.now() - started < 3_000; written += 1) {
      const outcomes = await together((replica, client) =>
        replica.create(`open-${String(written)}`, {
          account: `99999999${String(1000 + client)}`,
          management: String(100000000000 + written),
        }),
      );
      // The quota ends some of them.
      for (const code of codesOf(outcomes)) expect(code).toBe('QUOTA_EXCEEDED');
      await delay(40);
    }
    expect(await until(hasFed)).toBeLessThan(2_000);
    expect(await database.query('SELECT 1 FROM feed WHERE connection_id = $1', [id])).toEqual([]);
    await open.query('COMMIT');
    await open.end();
    await until(
      async () => (await database.query('SELECT 1 FROM feed WHERE connection_id = $1', [id])).length === 1,
    );
  });

  it('leave every write complete and every change in the feed once, and stop', async () => {
    expect(await Promise.all([first.end('SIGTERM'), second.end('SIGTERM')])).toEqual([0, 0]);
    expect(await inconsistenciesOf(database.query)).toEqual([]);
  });
});
