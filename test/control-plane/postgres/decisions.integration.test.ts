import { openDatabase, type Database } from '../../../src/control-plane/postgres/database';
import { noteDecisions } from '../../../src/control-plane/postgres/writes/decisions';
import type { ConnectionOverview } from '../../../src/proton/overview';
import { unrestrictedViewer } from '../../../src/proton/viewer';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import { connectionTo, createPostgresControlPlane } from '../../support/postgres-store';
import { type ControlPlane, ENVIRONMENT, MANAGEMENT } from '../../support/proton';
import { reader } from '../../support/reader';

const SECOND = 1_000;

describeWithPostgres('Decisions that an earlier version has not noted with the connection', () => {
  const database = usePostgres();
  let plane: ControlPlane;
  let expected: ConnectionOverview | null | undefined;

  const overviews = () =>
    Promise.all(
      [unrestrictedViewer('owner'), reader(MANAGEMENT), reader(ENVIRONMENT)].map(async (viewer) =>
        plane.service.session(viewer).readOverview({ weeks: 2 }),
      ),
    );

  beforeEach(async () => {
    plane = await createPostgresControlPlane(database.url);
    const session = plane.service.session(unrestrictedViewer('owner'));
    for (const name of ['accepted', 'rejected', 'withdrawn', 'pending']) {
      const created = await session.createConnection({
        managementAccountId: MANAGEMENT,
        environmentAccountId: ENVIRONMENT,
        environmentName: name,
      });
      plane.clock.advance(SECOND);
      if (name === 'rejected') await session.rejectConnection(created);
      else if (name !== 'pending') await session.acceptConnection(created);
      if (name === 'withdrawn') await session.rejectConnection(created);
    }
    [expected] = await overviews();
    // As an earlier version writes rows: it does not know the columns.
    await database.query('UPDATE connections SET first_decision = NULL, decided_at = NULL');
  });
  afterEach(async () => {
    await database.query('DELETE FROM connections');
    await plane.store.close();
  });

  it('count in overviews', async () => {
    expect(expected).toMatchObject({ medianDecisionMs: SECOND, weeks: [{}, { accepted: 2, rejected: 1 }] });
    expect(await overviews()).toEqual([expected, expected, expected]);
  });

  it('are noted with the connections, by any number of servers at once, and count as before', async () => {
    await withDatabase(database.url, (opened) =>
      Promise.all([noteDecisions(opened), noteDecisions(opened), noteDecisions(opened)]),
    );
    const noted = await database.query(
      'SELECT environment_name, first_decision FROM connections ORDER BY environment_name',
    );
    expect(noted.map(Object.values)).toEqual([
      ['accepted', 'ACCEPTED'],
      ['pending', null],
      ['rejected', 'REJECTED'],
      ['withdrawn', 'ACCEPTED'],
    ]);
    expect(await overviews()).toEqual([expected, expected, expected]);
  });

  it('are noted while the earlier version decides more', async () => {
    await withDatabase(database.url, async (opened) => {
      await noteDecisions(opened);
      // What it sends for an acceptance, of which the rest is the same in both versions.
      await database.query(`UPDATE connections SET status = 'CONNECTED' WHERE status = 'PENDING'`);
      await noteDecisions(opened);
    });
    const [{ first_decision: first } = {}] = await database.query<{ first_decision?: string }>(
      "SELECT first_decision FROM connections WHERE environment_name = 'pending'",
    );
    // Its history has none here, as that of an import.
    expect(first).toBe('NONE');
    expect(await overviews()).toMatchObject(Array(3).fill({ weeks: [{}, { accepted: 2, rejected: 1 }] }));
  });
});

async function withDatabase(url: string, work: (database: Database) => Promise<unknown>): Promise<void> {
  const options = { connection: connectionTo(url), poolSize: 3, timeoutMs: 10_000, prepare: true };
  const database = openDatabase(options);
  await work(database).finally(database.close);
}
