import BetterSqlite3 from 'better-sqlite3';
import * as fc from 'fast-check';

import type { Connection } from '../../src/proton/connection';
import type { ConnectionListRequest, ConnectionSelection } from '../../src/proton/page';
import type { ProtonSession } from '../../src/proton/proton-service';
import { maySee, unrestrictedViewer, type Permission, type Viewer } from '../../src/proton/viewer';
import { plainConnection } from '../support/completing-session';
import { useTemporaryFolder } from '../support/folder';
import { account, createControlPlane, ENVIRONMENT, MANAGEMENT, STRANGER } from '../support/proton';

const ACCOUNTS = [MANAGEMENT, ENVIRONMENT, STRANGER, account('444444444444')];
const OWNER = unrestrictedViewer('owner');
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';

function reader(...accounts: readonly string[]): Viewer {
  const read: ReadonlySet<Permission> = new Set(['read']);
  return {
    subject: 'reader',
    onEveryAccount: new Set(),
    onAccounts: new Map(accounts.map((id) => [account(id), read])),
  };
}

const asking = (managementAccountId: string, environmentAccountId: string, environmentName: string) => ({
  managementAccountId,
  environmentAccountId,
  environmentName,
});

/** The text of a statement without its values. */
const withoutValues = (statement: string) => statement.replace(/'[^']*'/g, '?').replace(/\/\*.*?\*\//g, '');

/** Every call that reads or changes one connection. Results and errors are ignored. */
async function everyRoad(
  session: ProtonSession,
  { id, arn, name }: { id: string; arn: string; name: string },
) {
  const tags = [{ key: 'a', value: 'b' }];
  const roleArn = `arn:aws:iam::${ENVIRONMENT}:role/x`;
  for (const road of [
    async () => session.findConnections([{ id }]),
    async () => session.findConnections([{ arn }]),
    async () => session.listConnections([{ filter: { environmentName: name } }]),
    async () => session.countConnections([{ filter: { environmentName: name } }]),
    () => session.updateConnection({ id, roleArn }),
    () => session.acceptConnection({ id }),
    () => session.rejectConnection({ id }),
    () => session.tagConnection({ id, tags }),
    () => session.untagConnection({ id, tagKeys: ['a'] }),
    () => session.deleteConnection({ id }),
    () => session.createConnection({ ...asking(MANAGEMENT, ENVIRONMENT, name), clientToken: 'token' }),
  ]) {
    await road().catch(() => undefined);
  }
}

describe('A connection that a viewer may not read', () => {
  const folder = useTemporaryFolder();

  it('is read with the same statements as one that does not exist', async () => {
    const statements: string[] = [];
    const { service, store } = createControlPlane({ trace: (statement) => statements.push(statement) });
    const { id } = await service
      .session(OWNER)
      .createConnection({ ...asking(MANAGEMENT, ENVIRONMENT, 'hidden'), clientToken: 'token' });
    const arnOf = (which: string) =>
      `arn:aws:proton:us-east-1:${ENVIRONMENT}:environment-account-connection/${which}`;
    const stranger = service.session(reader(STRANGER));
    // Rows that were read stay in memory, also for other viewers.
    expect(await service.session(OWNER).findConnections([{ id }])).toMatchObject([{ id }]);

    statements.length = 0;
    await everyRoad(stranger, { id, arn: arnOf(id), name: 'hidden' });
    const forHidden = statements.map(withoutValues);
    // Each statement names the viewer's account. Reading other rows and dropping them here would take time that reveals them.
    const reads = statements.filter((statement) => /\bFROM "?connections\b/i.test(statement));
    expect(reads.length).toBeGreaterThan(9);
    for (const read of reads) expect(read).toContain(STRANGER);
    statements.length = 0;
    await everyRoad(stranger, { id: UNKNOWN_ID, arn: arnOf(UNKNOWN_ID), name: 'absent' });
    expect(forHidden).toEqual(statements.map(withoutValues));
    expect(forHidden.length).toBeGreaterThan(9);
    await store.close();
  });

  it('is not visited by lists and counts: they read along indexes of the viewer’s accounts', async () => {
    const location = folder.path('proton.db');
    const selects: string[] = [];
    const { service, store } = createControlPlane({
      location,
      trace: (statement) => {
        if (/^select .* from /is.test(statement)) selects.push(statement);
      },
    });
    await service.session(OWNER).createConnection(asking(MANAGEMENT, ENVIRONMENT, 'hidden'));
    const session = service.session(reader(STRANGER, '444444444444'));
    selects.length = 0;
    const participation = { accountId: ENVIRONMENT, role: null };
    const selections: readonly ConnectionListRequest[] = [
      {},
      { filter: { managementAccountId: MANAGEMENT } },
      { filter: { environmentAccountId: ENVIRONMENT, environmentName: 'hidden' } },
      { filter: { statuses: ['PENDING'], region: 'us-east-1' } },
      { participation },
      { participation: { ...participation, role: 'ENVIRONMENT_ACCOUNT' }, filter: { statuses: ['PENDING'] } },
    ];
    await session.listConnections(selections);
    await session.countConnections(selections);
    expect(selects.length).toBeGreaterThan(2 * selections.length);
    for (const select of selects) expect(select).toMatch(new RegExp(`${STRANGER}|444444444444`));

    const database = new BetterSqlite3(location);
    const steps = selects.flatMap((statement) =>
      (database.prepare(`EXPLAIN QUERY PLAN ${statement}`).all() as { readonly detail: string }[]).map(
        ({ detail }) => detail,
      ),
    );
    database.close();
    const touching = steps.filter((step) => /(SEARCH|SCAN) connections/.test(step));
    expect(touching.length).toBeGreaterThan(2 * selections.length);
    for (const step of touching) {
      expect(step).toMatch(
        /^SEARCH connections USING (COVERING )?INDEX connections_by_\w+ \((management|environment)_account_id=\?/,
      );
    }
    await store.close();
  });
});

describe('Lists and counts', () => {
  const accounts = fc.constantFrom(...ACCOUNTS);
  const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
  const selections: fc.Arbitrary<ConnectionSelection> = fc.record({
    participation: maybe(
      fc.record({
        accountId: accounts,
        role: fc.constantFrom('MANAGEMENT_ACCOUNT', 'ENVIRONMENT_ACCOUNT', null),
      }),
    ),
    filter: maybe(
      fc.record({
        managementAccountId: maybe(accounts),
        environmentAccountId: maybe(accounts),
        environmentName: maybe(fc.constantFrom('name-0', 'name-1')),
        statuses: maybe(fc.constantFrom(['PENDING' as const], ['CONNECTED' as const, 'PENDING' as const])),
      }),
    ),
  });

  it('contain all connections that the viewer may see, in order and page by page', async () => {
    const { service, store, clock } = createControlPlane();
    const owner = service.session(OWNER);
    const all: Connection[] = [];
    for (let round = 0; round < 2; round += 1) {
      for (const management of ACCOUNTS) {
        for (const environment of ACCOUNTS) {
          // Some have the same time.
          if (management === environment) clock.advance(1);
          const created = await owner.createConnection(
            asking(management, environment, `name-${String(round)}`),
          );
          all.push(management > environment ? await owner.acceptConnection(created) : created);
        }
      }
    }
    const everything = all.toSorted((a, b) => b.requestedAt - a.requestedAt || (a.id < b.id ? 1 : -1));

    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(accounts),
        selections,
        fc.integer({ min: 1, max: 40 }),
        async (readable, selection, first) => {
          const viewer = reader(...readable);
          const session = service.session(viewer);
          const expected = everything.filter(
            (connection) => maySee(viewer, connection) && isOf(connection, selection),
          );
          const listed: unknown[] = [];
          let after: string | undefined;
          do {
            const [page] = await session.listConnections([{ ...selection, first, after }]);
            if (page === undefined || page instanceof Error) throw new Error('no page', { cause: page });
            listed.push(...page.items.map(plainConnection));
            after = page.hasNextPage ? page.cursorAt(page.items.length - 1) : undefined;
          } while (after !== undefined);
          expect(listed).toEqual(expected);
          expect(await session.countConnections([selection])).toEqual([expected.length]);
        },
      ),
      { numRuns: 300 },
    );
    await store.close();
  });
});

function isOf(connection: Connection, { participation, filter }: ConnectionSelection): boolean {
  const { managementAccountId, environmentAccountId, environmentName, status } = connection;
  const fits = (wanted: string | null | undefined, value: string) => (wanted ?? value) === value;
  const asManagement =
    participation?.role !== 'ENVIRONMENT_ACCOUNT' && fits(participation?.accountId, managementAccountId);
  const asEnvironment =
    participation?.role !== 'MANAGEMENT_ACCOUNT' && fits(participation?.accountId, environmentAccountId);
  return (
    (asManagement || asEnvironment) &&
    fits(filter?.managementAccountId, managementAccountId) &&
    fits(filter?.environmentAccountId, environmentAccountId) &&
    fits(filter?.environmentName, environmentName) &&
    (filter?.statuses?.includes(status) ?? true)
  );
}
