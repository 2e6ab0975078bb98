import { randomUUID } from 'node:crypto';

import { inconsistenciesOf } from '../../../scripts/postgres/inconsistencies';
import { startHousekeeping } from '../../../src/control-plane/postgres/feed/housekeeping';
import type { Database } from '../../../src/control-plane/postgres/database';
import { backfillDecisions } from '../../../src/control-plane/postgres/first-decisions';
import type { ChangeWrite, CreateWrite } from '../../../src/control-plane/store';
import type { Connection, ConnectionEvent } from '../../../src/proton/connection';
import type { ConnectionOverview } from '../../../src/proton/overview';
import { unrestrictedViewer } from '../../../src/proton/viewer';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import { createPostgresControlPlane, emptyTables, withDatabase } from '../../support/postgres-store';
import { type ControlPlane, ENVIRONMENT, MANAGEMENT, START } from '../../support/proton';
import { reader } from '../../support/reader';
import { connectionRecord } from '../import/imports.contract';

const SECOND = 1_000;
const DECIDED_AT = START + SECOND;

/** More than one statement of the backfill fills. */
const MANY = 250;

describeWithPostgres('The first decision on a connection', () => {
  const database = usePostgres();
  let plane: ControlPlane;

  const session = () => plane.service.session(unrestrictedViewer('owner'));
  const asking = (environmentName: string) => ({
    managementAccountId: MANAGEMENT,
    environmentAccountId: ENVIRONMENT,
    environmentName,
  });

  /** What the rows of connections have, by environment name. */
  async function stored(): Promise<Record<string, readonly [string | null, number | null]>> {
    const rows = await database.query<{ name: string; type: string | null; at: string | null }>(
      'SELECT environment_name AS name, first_decision AS type, decided_at AS at FROM connections',
    );
    return Object.fromEntries(
      rows.map(({ name, type, at }) => [name, [type, at === null ? null : Number(at)]]),
    );
  }

  /** The feed may lack changes for a moment, so other inconsistencies are left out. */
  const wrongDecisions = async () =>
    (await inconsistenciesOf(database.query)).filter((problem) => problem.includes('first decision'));

  const overviews = () =>
    Promise.all(
      [unrestrictedViewer('owner'), reader(MANAGEMENT), reader(ENVIRONMENT)].map(async (viewer) =>
        plane.service.session(viewer).readOverview({ weeks: 2 }),
      ),
    );

  /** Creates a connection for each status, and one that was accepted and then rejected. */
  async function decideSome(): Promise<void> {
    const created = [];
    for (const name of ['accepted', 'rejected', 'withdrawn', 'pending'])
      created.push(await session().createConnection(asking(name)));
    plane.clock.advance(SECOND);
    for (const connection of created) {
      if (connection.environmentName === 'rejected') await session().rejectConnection(connection);
      else if (connection.environmentName !== 'pending') await session().acceptConnection(connection);
    }
    plane.clock.advance(SECOND);
    for (const connection of created)
      if (connection.environmentName === 'withdrawn') await session().rejectConnection(connection);
  }

  const DECIDED = {
    accepted: ['ACCEPTED', DECIDED_AT],
    rejected: ['REJECTED', DECIDED_AT],
    withdrawn: ['ACCEPTED', DECIDED_AT],
    pending: [null, null],
  };

  beforeAll(async () => {
    plane = await createPostgresControlPlane(database.url);
  });
  // Before the database is dropped.
  afterAll(() => plane.store.close());
  beforeEach(() => {
    plane.clock.advance(START - plane.clock.now());
  });
  afterEach(() => emptyTables(database));

  describe('is in its row', () => {
    it('from the write that makes it, and stays', async () => {
      await decideSome();
      expect(await stored()).toEqual(DECIDED);
      expect(await wrongDecisions()).toEqual([]);
    });

    it('when one group of writes creates the connection, decides on it, and changes it', async () => {
      const pending: Connection = {
        ...connectionRecord(1, { environmentName: 'new', status: 'PENDING' }).connection,
        codebuildRoleArn: null,
        tags: [],
      };
      const accepted: Connection = { ...pending, status: 'CONNECTED' };
      const event = (
        type: ConnectionEvent['type'],
        previousStatus: ConnectionEvent['previousStatus'],
        status: ConnectionEvent['status'],
      ): ConnectionEvent => ({
        id: randomUUID(),
        connectionId: pending.id,
        type,
        status,
        previousStatus,
        actor: 'someone',
        occurredAt: DECIDED_AT,
      });
      const creating: CreateWrite = {
        kind: 'create',
        identity: pending,
        clientToken: null,
        countUpTo: 10,
        decide: () => ({
          kind: 'insert',
          connection: pending,
          event: event('CREATED', null, 'PENDING'),
          clientToken: null,
        }),
      };
      const changing = (connection: Connection, changed: ConnectionEvent): ChangeWrite => ({
        kind: 'change',
        id: pending.id,
        visibleTo: 'every',
        decide: () => ({ kind: 'replace', connection, event: changed }),
      });
      await plane.store.write([
        creating,
        changing(accepted, event('ACCEPTED', 'PENDING', 'CONNECTED')),
        changing(
          { ...accepted, tags: [{ key: 'team', value: 'a' }] },
          event('TAGGED', 'CONNECTED', 'CONNECTED'),
        ),
      ]);
      expect(await stored()).toEqual({ new: ['ACCEPTED', DECIDED_AT] });
    });
  });

  describe('that an earlier version has made', () => {
    let expected: ConnectionOverview | null | undefined;

    beforeEach(async () => {
      await decideSome();
      [expected] = await overviews();
      // As an earlier version writes rows: it does not know the columns.
      await database.query('UPDATE connections SET first_decision = NULL, decided_at = NULL');
    });

    it('counts in overviews, and is found to be missing in its row', async () => {
      expect(expected).toMatchObject({ medianDecisionMs: SECOND, weeks: [{}, { accepted: 2, rejected: 1 }] });
      expect(await overviews()).toEqual([expected, expected, expected]);
      const problem = '3 connections with another first decision than their history';
      expect(await wrongDecisions()).toEqual([problem]);
    });

    it('is filled in by any number of servers at once, and counts as before', async () => {
      await withDatabase(database.url, (opened) =>
        Promise.all([backfillDecisions(opened), backfillDecisions(opened), backfillDecisions(opened)]),
      );
      expect(await stored()).toEqual(DECIDED);
      expect(await wrongDecisions()).toEqual([]);
      expect(await overviews()).toEqual([expected, expected, expected]);
    });

    it('is filled in while that version decides more', async () => {
      await database.query(
        `WITH created AS (
           INSERT INTO connections (id, region, status, environment_name, management_account_id, environment_account_id,
             requested_at, last_modified_at, tags, version, live)
           SELECT gen_random_uuid(), 'us-east-1', 'PENDING', 'many-' || n, $1, $2, $3::bigint, $3::bigint, '[]', 1, true
           FROM generate_series(1, $4::integer) AS n RETURNING id)
         INSERT INTO connection_events (connection_id, version, id, type, status, previous_status, actor, occurred_at)
         SELECT id, 1, gen_random_uuid(), 'CREATED', 'PENDING', NULL, 'earlier', $3::bigint FROM created`,
        [MANAGEMENT, ENVIRONMENT, START, MANY],
      );
      await withDatabase(database.url, async (opened) => {
        await backfillDecisions(opened);
        // What it sends for an acceptance, as far as decisions go.
        await database.query(
          `WITH accepted AS (
             UPDATE connections SET status = 'CONNECTED', version = version + 1 WHERE status = 'PENDING' RETURNING id, version)
           INSERT INTO connection_events (connection_id, version, id, type, status, previous_status, actor, occurred_at)
           SELECT id, version, gen_random_uuid(), 'ACCEPTED', 'CONNECTED', 'PENDING', 'earlier', $1::bigint FROM accepted`,
          [DECIDED_AT],
        );
        await backfillDecisions(opened);
      });
      const decisions = await stored();
      expect(Object.keys(decisions)).toHaveLength(4 + MANY);
      expect(decisions).toEqual(
        Object.fromEntries(
          Object.keys(decisions).map((name) => [
            name,
            [name === 'rejected' ? 'REJECTED' : 'ACCEPTED', DECIDED_AT],
          ]),
        ),
      );
      const weeks = [{}, { accepted: 3 + MANY, rejected: 1 }];
      expect(await overviews()).toMatchObject(Array(3).fill({ weeks }));
    });

    it('is filled in by the housekeeping, although it can delete nothing', async () => {
      jest.useFakeTimers({
        doNotFake: [
          'setTimeout',
          'clearTimeout',
          'setImmediate',
          'nextTick',
          'queueMicrotask',
          'Date',
          'performance',
        ],
      });
      try {
        await withDatabase(database.url, async (opened) => {
          let filled: () => void = () => undefined;
          const isFilled = new Promise<void>((resolve) => {
            filled = resolve;
          });
          const run: Database['run'] = async (query, options) => {
            if (query.text.startsWith('DELETE')) throw new Error('no right to delete');
            const rows = await opened.run(query, options);
            // The backfill has found no more.
            if (query.text.includes('UPDATE connections') && rows.length === 0) filled();
            return rows;
          };
          const housekeeping = startHousekeeping({
            database: { ...opened, run },
            now: plane.clock.now,
            sequenced: () => undefined,
          });
          housekeeping.tokensExpired(START);
          jest.advanceTimersByTime(60_000);
          await isFilled;
          await housekeeping.stop();
        });
      } finally {
        jest.useRealTimers();
      }
      expect(await stored()).toEqual(DECIDED);
    });
  });

  it('is not one from before a deletion, when an import has created the connection again', async () => {
    const created = await session().createConnection(asking('again'));
    plane.clock.advance(SECOND);
    await session().acceptConnection(created);
    await session().deleteConnection(created);
    const importing = await plane.store.imports.begin();
    await importing.add([connectionRecord(1, { id: created.id, environmentName: 'again' })]);
    expect(await importing.settle('write')).toMatchObject({ written: true });
    await importing.close();
    const [expected] = await overviews();
    expect(expected).toMatchObject({ weeks: [{}, { accepted: 0, rejected: 0 }] });
    expect(await stored()).toEqual({ again: ['NONE', null] });
    expect(await wrongDecisions()).toEqual([]);

    await database.query('UPDATE connections SET first_decision = NULL');
    expect(await overviews()).toEqual([expected, expected, expected]);
    await withDatabase(database.url, (opened) => backfillDecisions(opened));
    expect(await stored()).toEqual({ again: ['NONE', null] });
  });
});
