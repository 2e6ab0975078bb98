import { Client } from 'pg';

import type { ProtonSession } from '../../../src/proton/proton-service';
import { unrestrictedViewer } from '../../../src/proton/viewer';
import type { Connection } from '../../../src/proton/connection';
import { openDatabase } from '../../../src/control-plane/postgres/database';
import { readFacts } from '../../../src/control-plane/postgres/writes/facts';
import type { Store, Write } from '../../../src/control-plane/store';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import { connectionTo, controlPlaneOn, emptyTables, openTestStore } from '../../support/postgres-store';
import { account, MANAGEMENT, region } from '../../support/proton';

/** Longer than a write takes on a busy machine. */
const TIMEOUT_MS = 3_000;

const WAITING = `SELECT 1 FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE%'`;

const environmentAccount = (number: number) => account(String(300_000_000_000 + number));

describeWithPostgres('While another process holds rows', () => {
  const database = usePostgres();
  let store: Store;
  let session: ProtonSession<Connection>;
  let other: Client;

  beforeAll(async () => {
    store = await openTestStore(database.url, { timeoutMs: TIMEOUT_MS });
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    await emptyTables(database);
    session = controlPlaneOn(store).service.session(unrestrictedViewer('someone'));
    other = new Client({ connectionString: database.url });
    await other.connect();
  });
  afterEach(() => other.end());

  const create = (number: number, environmentName = `e${String(number)}`) =>
    session.createConnection({
      managementAccountId: MANAGEMENT,
      environmentAccountId: environmentAccount(number),
      environmentName,
    });

  /** The other process locks the rows of connections. */
  async function hold(connections: readonly { readonly id: string }[]): Promise<void> {
    await other.query('BEGIN');
    await other.query('SELECT 1 FROM connections WHERE id = ANY ($1::uuid[]) FOR UPDATE', [
      connections.map(({ id }) => id),
    ]);
  }

  it('writes of other rows are done, however many clients wait for the locked ones', async () => {
    const held = await Promise.all([0, 1, 2, 3].map((number) => create(number)));
    await hold(held);
    let isOver = false;
    const failures: unknown[] = [];
    const retrying = [...held, ...held].map(async (connection) => {
      while (!isOver) {
        await session.acceptConnection(connection).catch((failure: unknown) => failures.push(failure));
      }
    });
    const creating = [10, 11, 12, 13].map(async (client) => {
      for (let index = 0; index < 15; index += 1) await create(client * 100 + index);
    });
    await Promise.all(creating);
    // The locked ones fail only when their time is over.
    for (let index = 0; failures.length < held.length; index += 1) await create(5_000 + index);
    isOver = true;
    await other.query('ROLLBACK');
    await Promise.all(retrying);
    for (const failure of failures) expect(failure).toMatchObject({ code: 'UNAVAILABLE' });
    const accepted = await Promise.all(held.map((connection) => session.acceptConnection(connection)));
    expect(accepted.map(({ status }) => status)).toEqual(held.map(() => 'CONNECTED'));
  });

  it('a write that waits for one is done when it is released, although it came in a group with others', async () => {
    const connection = await create(1);
    await hold([connection]);
    const accepted = session.acceptConnection(connection);
    // It is in the group of the acceptance, which gives up waiting.
    await create(2);
    await create(3);
    await other.query('COMMIT');
    expect(await accepted).toMatchObject({ status: 'CONNECTED' });
  });

  it('the writes of a locked row are done in the order in which they came', async () => {
    const connection = await create(1);
    await hold([connection]);
    const accepted = session.acceptConnection(connection);
    const rejected = session.rejectConnection(connection);
    await create(2);
    const deleted = session.deleteConnection(connection);
    await other.query('COMMIT');
    await Promise.all([accepted, rejected, deleted]);
    const types = await database.query<{ type: string }>(
      'SELECT type FROM connection_events WHERE connection_id = $1 ORDER BY version',
      [connection.id],
    );
    expect(types.map(({ type }) => type)).toEqual(['CREATED', 'ACCEPTED', 'REJECTED', 'DELETED']);
  });

  it('creates in an account that is locked wait, and those in other accounts do not', async () => {
    await create(1);
    await other.query('BEGIN');
    await other.query('UPDATE account_scopes SET connections = NULL');
    const [locked, ...others] = await Promise.allSettled([create(1, 'next'), create(2), create(3)]);
    expect(locked).toMatchObject({ status: 'rejected', reason: { code: 'UNAVAILABLE' } });
    expect(others.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  });

  describe('a group of writes that waits has locked the rows before the one that it waits for, and no later ones', () => {
    const GROUP = [1, 2, 3, 4, 5, 6, 7, 8];
    const decide = () => ({ kind: 'keep' as const, connection: undefined });

    /** Reads the facts of writes until they wait for a lock of the other process. @returns the rows that the other one can lock */
    async function lockable(writes: readonly Write[], select: string): Promise<readonly object[]> {
      const own = openDatabase({
        connection: connectionTo(database.url),
        poolSize: 1,
        timeoutMs: 10_000,
        prepare: true,
      });
      const facts = own.transaction((own) => readFacts(own, writes, []));
      let waiting: readonly unknown[] = [];
      while (waiting.length === 0) waiting = await database.query(WAITING);
      const { rows } = await other.query<object>(`${select} FOR UPDATE SKIP LOCKED`);
      await other.query('ROLLBACK');
      await facts;
      await own.close();
      return rows;
    }

    it('of changes, sorted by id', async () => {
      const created = await Promise.all(GROUP.map((number) => create(number)));
      const ids = created.map(({ id }) => id).toSorted();
      await hold(created.filter(({ id }) => id === ids[3]));
      const writes = ids
        .toReversed()
        .map((id) => ({ kind: 'change' as const, id, visibleTo: 'every' as const, decide }));
      expect(await lockable(writes, 'SELECT id FROM connections ORDER BY id')).toEqual(
        ids.slice(3).map((id) => ({ id })),
      );
    });

    it('of creates, sorted by account', async () => {
      // One after another: a group would add their rows in order.
      for (const number of GROUP.toReversed()) await create(number);
      await other.query('BEGIN');
      await other.query('SELECT 1 FROM account_scopes WHERE environment_account_id = $1 FOR UPDATE', [
        environmentAccount(4),
      ]);
      const writes = GROUP.toReversed().map((number) => ({
        kind: 'create' as const,
        identity: {
          managementAccountId: MANAGEMENT,
          environmentAccountId: environmentAccount(number),
          environmentName: 'another',
          region: region('us-east-1'),
        },
        clientToken: null,
        countUpTo: 10,
        decide,
      }));
      const select = 'SELECT environment_account_id AS account FROM account_scopes ORDER BY 1';
      expect(await lockable(writes, select)).toEqual(
        [4, 5, 6, 7, 8].map((number) => ({ account: environmentAccount(number) })),
      );
    });
  });
});
