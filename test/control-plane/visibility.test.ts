import BetterSqlite3 from 'better-sqlite3';

import type { ConnectionListRequest } from '../../src/proton/page';
import type { ProtonSession } from '../../src/proton/proton-service';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { useTemporaryFolder } from '../support/folder';
import { createControlPlane, ENVIRONMENT, MANAGEMENT, STRANGER } from '../support/proton';
import { reader } from '../support/reader';
import { describeAccounts } from './accounts.contract';
import { describeOverviews } from './overviews.contract';
import { describeVisibleLists } from './visible-lists.contract';

const OWNER = unrestrictedViewer('owner');
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';

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

describeVisibleLists('over SQLite', () => {
  const { service, store, clock } = createControlPlane();
  return Promise.resolve({ service, clock, end: store.close });
});

describeAccounts('over SQLite', () => {
  const { service, store } = createControlPlane();
  return Promise.resolve({ service, end: store.close });
});

describeOverviews('over SQLite', () => {
  const { service, store, clock } = createControlPlane();
  return Promise.resolve({ service, clock, end: store.close });
});
