import { ProtonFailure } from '../../../src/proton/failure';
import type { ProtonSession } from '../../../src/proton/proton-service';
import { unrestrictedViewer } from '../../../src/proton/viewer';
import type { Connection } from '../../../src/proton/connection';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import { controlPlaneOn, emptyTables, openTestStore } from '../../support/postgres-store';
import { account, ENVIRONMENT, MANAGEMENT, type ControlPlane } from '../../support/proton';

const ROUNDS = 20;
const CLIENTS = 8;
const QUOTA = 50;

type Session = ProtonSession<Connection>;

const asking = (environmentName: string, environmentAccountId: string = ENVIRONMENT) => ({
  managementAccountId: MANAGEMENT,
  environmentAccountId,
  environmentName,
});

/** The code of a failure, or OK. */
async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'OK';
  } catch (failure) {
    if (failure instanceof ProtonFailure) return failure.code;
    throw failure;
  }
}

/** How often each value occurs. */
function tally(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

describeWithPostgres('Two replicas on one database', () => {
  const database = usePostgres();

  describe.each(['read committed', 'repeatable read', 'serializable'])('at %s', (isolation) => {
    let replicas: readonly ControlPlane[];
    let sessions: readonly Session[];
    /** Runs work once for each client; half of them use each replica. */
    const byClients = <Result>(work: (session: Session, client: number) => Promise<Result>) =>
      Promise.all(sessions.map(work));

    beforeAll(async () => {
      const name = new URL(database.url).pathname.slice(1);
      await database.query(`ALTER DATABASE ${name} SET default_transaction_isolation = '${isolation}'`);
      const stores = [await openTestStore(database.url), await openTestStore(database.url)];
      replicas = stores.map((store) => controlPlaneOn(store, { quota: QUOTA }));
      sessions = Array.from({ length: CLIENTS }, (_, client) => {
        const replica = replicas[client % replicas.length];
        if (!replica) throw new Error('no replica');
        return replica.service.session(unrestrictedViewer(`client-${String(client)}`));
      });
    });

    afterAll(async () => {
      await Promise.all(replicas.map(({ store }) => store.close()));
    });

    beforeEach(async () => {
      await emptyTables(database);
    });

    /** Versions run from 1 without gaps, and each connection's newest event is its row's version. */
    async function expectWholeHistories(): Promise<void> {
      const broken = await database.query(`
        SELECT connection_id FROM connection_events AS event LEFT JOIN connections ON connections.id = connection_id
        GROUP BY connection_id, connections.version
        HAVING count(*) <> max(event.version) OR max(event.version) <> coalesce(connections.version, max(event.version))`);
      expect(broken).toEqual([]);
    }

    const eventTypes = async () => {
      const rows = await database.query<{ type: string }>('SELECT type FROM connection_events');
      return tally(rows.map(({ type }) => type));
    };

    it('create one connection of a name, and name it to the others', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const outcomes = await byClients((session) =>
          outcomeOf(session.createConnection(asking(`e${String(round)}`))),
        );
        expect(tally(outcomes)).toEqual({ OK: 1, CONFLICT: CLIENTS - 1 });
      }
      expect(await eventTypes()).toEqual({ CREATED: ROUNDS });
      await expectWholeHistories();
    });

    it('create one connection for a client token, and return it to all', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const name = `e${String(round)}`;
        const created = await byClients((session) =>
          session.createConnection({ ...asking(name), clientToken: name }),
        );
        expect(new Set(created.map(({ id }) => id)).size).toBe(1);
      }
      expect(await eventTypes()).toEqual({ CREATED: ROUNDS });
    });

    it('accept the parameters of one create for a client token, and refuse other ones', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const outcomes = await byClients((session, client) =>
          outcomeOf(
            session.createConnection({
              ...asking(`e${String(round)}-${String(client)}`),
              clientToken: `t${String(round)}`,
            }),
          ),
        );
        expect(tally(outcomes)).toEqual({ OK: 1, VALIDATION_ERROR: CLIENTS - 1 });
      }
      expect(await eventTypes()).toEqual({ CREATED: ROUNDS });
    });

    it('create exactly as many connections as the quota allows', async () => {
      const outcomes = await byClients(async (session, client) => {
        const own: string[] = [];
        for (let index = 0; index < 20; index += 1) {
          own.push(await outcomeOf(session.createConnection(asking(`e${String(client)}-${String(index)}`))));
        }
        return own;
      });
      expect(tally(outcomes.flat())).toEqual({ OK: QUOTA, QUOTA_EXCEEDED: CLIENTS * 20 - QUOTA });
      expect(await eventTypes()).toEqual({ CREATED: QUOTA });
      // A deleted connection makes room for exactly one.
      const [session] = sessions;
      const [page] = (await session?.listConnections([{ first: 1 }])) ?? [];
      if (!page || page instanceof Error) throw new Error('no page', { cause: page });
      for (const connection of page.items) await session?.deleteConnection(connection);
      const again = await byClients((one, client) =>
        outcomeOf(one.createConnection(asking(`again-${String(client)}`))),
      );
      expect(tally(again)).toEqual({ OK: 1, QUOTA_EXCEEDED: CLIENTS - 1 });
    });

    it('let one of an acceptance and a rejection come first, and write one event for each that changed something', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const [session] = sessions;
        const connection = await session?.createConnection(asking(`e${String(round)}`));
        if (!connection) throw new Error('no connection');
        const outcomes = await byClients((one, client) =>
          outcomeOf(client % 2 === 0 ? one.acceptConnection(connection) : one.rejectConnection(connection)),
        );
        // Rejecting succeeds whatever came before; accepting fails after it.
        expect(outcomes.filter((_, client) => client % 2 === 1)).toEqual(Array(CLIENTS / 2).fill('OK'));
        expect(outcomes.filter((outcome) => outcome !== 'OK' && outcome !== 'CONFLICT')).toEqual([]);
        const [found] = (await session?.findConnections([connection])) ?? [];
        expect(found).toMatchObject({ status: 'REJECTED' });
        const types = await database.query<{ type: string }>(
          'SELECT type FROM connection_events WHERE connection_id = $1 ORDER BY version',
          [connection.id],
        );
        expect(types.map(({ type }) => type).join()).toMatch(/^CREATED,(?:ACCEPTED,)?REJECTED$/);
      }
      await expectWholeHistories();
    });

    it('let an update come before a deletion, or find nothing after it', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const [session] = sessions;
        const connection = await session?.createConnection(asking(`e${String(round)}`));
        if (!connection) throw new Error('no connection');
        const outcomes = await byClients((one, client) =>
          outcomeOf(
            client % 2 === 0
              ? one.updateConnection({
                  id: connection.id,
                  roleArn: `arn:aws:iam::${ENVIRONMENT}:role/r${String(client)}`,
                })
              : one.deleteConnection(connection),
          ),
        );
        expect(outcomes.filter((_, client) => client % 2 === 1)).toEqual(Array(CLIENTS / 2).fill('OK'));
        const updates = outcomes.filter((outcome, client) => client % 2 === 0 && outcome === 'OK').length;
        const types = await database.query<{ type: string }>(
          'SELECT type FROM connection_events WHERE connection_id = $1 ORDER BY version',
          [connection.id],
        );
        expect(types.map(({ type }) => type)).toEqual([
          'CREATED',
          ...Array<string>(updates).fill('UPDATED'),
          'DELETED',
        ]);
      }
      await expectWholeHistories();
    });

    it('give every change a position, once, without gaps, and in the order of each connection’s versions', async () => {
      await byClients(async (session, client) => {
        const own = account(String(300_000_000_000 + client));
        for (let index = 0; index < 10; index += 1) {
          const connection = await session.createConnection(asking(`e${String(index)}`, own));
          await session.tagConnection({ id: connection.id, tags: [{ key: 'a', value: 'b' }] });
          await session.acceptConnection(connection);
          await session.rejectConnection(connection);
          await session.deleteConnection(connection);
        }
      });
      const [replica] = replicas;
      if (!replica) throw new Error('no replica');
      const changes = [];
      let position = 0;
      // Each connection has four changes; its tags are none.
      while (changes.length < CLIENTS * 10 * 4) {
        const page = await replica.store.feed.read(position, 7);
        if (page === 'removed') throw new Error('the feed has lost changes');
        changes.push(...page.changes);
        position = page.position;
      }
      expect(changes.map((change) => change.position)).toEqual(changes.map((_, index) => index + 1));
      const types = new Map<string, string[]>();
      for (const { event } of changes) {
        types.set(event.connectionId, [...(types.get(event.connectionId) ?? []), event.type]);
      }
      expect(types.size).toBe(CLIENTS * 10);
      for (const own of types.values()) expect(own).toEqual(['CREATED', 'ACCEPTED', 'REJECTED', 'DELETED']);
      await expectWholeHistories();
    });
  });
});
