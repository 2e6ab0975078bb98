import { randomUUID } from 'node:crypto';

import type { ImportRecord, ConnectionRecord } from '../../../src/control-plane/import/import-store';
import type { Store } from '../../../src/control-plane/store';
import type { ConnectionView } from '../../../src/proton/connection';
import { isConnectionId, isRoleArn, type RoleArn } from '../../../src/proton/identifiers';
import { unrestrictedViewer } from '../../../src/proton/viewer';
import { ENVIRONMENT, MANAGEMENT, region, START, type ControlPlane } from '../../support/proton';
import { readChanges } from '../change-feed.contract';

export function connectionRecord(record: number, members: Partial<ConnectionView> = {}): ConnectionRecord {
  const id = randomUUID();
  if (!isConnectionId(id)) throw new Error(id);
  return {
    kind: 'connection',
    location: { record },
    connection: {
      id,
      region: region('us-east-1'),
      status: 'CONNECTED',
      environmentName: `e${String(record)}`,
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      roleArn: null,
      componentRoleArn: null,
      requestedAt: START + record,
      lastModifiedAt: START + record,
      ...members,
    },
  };
}

export function declarationRecord(
  record: number,
  { environmentName = `e${String(record)}`, codebuildRoleArn = null as RoleArn | null } = {},
): ImportRecord {
  return {
    kind: 'declaration',
    location: { record },
    declaration: {
      region: region('us-east-1'),
      environmentName,
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      roleArn: null,
      componentRoleArn: null,
      codebuildRoleArn,
      tags: [],
    },
  };
}

export function role(name: string): RoleArn {
  const arn = `arn:aws:iam::${ENVIRONMENT}:role/${name}`;
  if (!isRoleArn(arn)) throw new Error(arn);
  return arn;
}

async function importAll(
  { imports }: Store,
  records: readonly ImportRecord[],
  mode: 'write' | 'compare' = 'write',
) {
  const importing = await imports.begin();
  await importing.add(records);
  const outcome = await importing.settle(mode);
  await importing.close();
  return outcome;
}

async function exported({ exports }: Store) {
  const all = [];
  for await (const connection of exports.connections()) all.push(connection);
  return all;
}

/** @param start returns a control plane without connections, and what ends it */
export function describeImports(
  name: string,
  start: () => Promise<ControlPlane & { readonly end: () => Promise<void> }>,
): void {
  describe(`An import into ${name}`, () => {
    let plane: Awaited<ReturnType<typeof start>>;
    const session = () => plane.service.session(unrestrictedViewer('someone'));
    beforeEach(async () => {
      plane = await start();
    });
    afterEach(() => plane.end());

    it('writes connections as the file has them, and exports them newest first', async () => {
      const records = [
        connectionRecord(1, {
          tags: [{ key: 'größe', value: '東京 𠮷 "{}' }],
          codebuildRoleArn: role('build'),
        }),
        connectionRecord(2, { status: 'REJECTED', roleArn: role('x') }),
        connectionRecord(3, { status: 'PENDING' }),
      ];
      expect(await importAll(plane.store, records)).toEqual({
        written: true,
        counts: { new: 3, completed: 0, unchanged: 0 },
        refusals: [],
        refused: 0,
      });
      const whole = records.map(({ connection }) => ({ codebuildRoleArn: null, tags: [], ...connection }));
      expect(await exported(plane.store)).toEqual(whole.toReversed());
    });

    it('only compares, on request', async () => {
      expect(await importAll(plane.store, [connectionRecord(1)], 'compare')).toMatchObject({
        written: false,
        counts: { new: 1 },
      });
      expect(await exported(plane.store)).toEqual([]);
    });

    it('writes an event and a change of the feed for each new connection', async () => {
      const records = [1, 2, 3].map((record) => connectionRecord(record));
      const head = await plane.store.feed.head();
      await importAll(plane.store, records);
      const changes = await readChanges(plane.store, head, 3);
      expect(new Set(changes.map(({ event }) => event.id)).size).toBe(3);
      expect(changes.map(({ connection }) => connection)).toEqual(
        expect.arrayContaining(await exported(plane.store)),
      );
      for (const { version, event } of changes) {
        expect({ version, ...event }).toMatchObject({
          version: 1,
          type: 'IMPORTED',
          actor: 'import',
          previousStatus: null,
          status: 'CONNECTED',
        });
      }
      expect(new Set(changes.map(({ event }) => event.connectionId))).toEqual(
        new Set(records.map(({ connection }) => connection.id)),
      );
    });

    it('changes nothing when it is repeated', async () => {
      const records = [connectionRecord(1), connectionRecord(2)];
      await importAll(plane.store, records);
      expect(await importAll(plane.store, records)).toMatchObject({
        written: true,
        counts: { new: 0, unchanged: 2 },
      });
      const [connection] = records.map((record) => record.connection);
      if (!connection) throw new Error('no connection');
      expect(await session().listHistory([{ connection }])).toMatchObject([
        { items: [{ type: 'IMPORTED' }] },
      ]);
    });

    it('goes on with the history of a connection that was deleted', async () => {
      const record = connectionRecord(1);
      await importAll(plane.store, [record]);
      await session().deleteConnection(record.connection);
      expect(await importAll(plane.store, [record])).toMatchObject({ counts: { new: 1 } });
      await session().rejectConnection(record.connection);
      const [history] = await session().listHistory([{ connection: record.connection }]);
      expect(history).toMatchObject({
        items: ['REJECTED', 'IMPORTED', 'DELETED', 'IMPORTED'].map((type) => ({ type })),
      });
    });

    it('refuses all records when one differs from the store, and names the first ones', async () => {
      const many = Array.from({ length: 2500 }, (_, index) => connectionRecord(index + 1));
      await importAll(plane.store, many);
      const changed = many.map((one, index) =>
        index % 1000 === 999
          ? { ...one, connection: { ...one.connection, status: 'PENDING' as const } }
          : one,
      );
      const outcome = await importAll(plane.store, [...changed, connectionRecord(3000)]);
      expect(outcome).toMatchObject({ written: false, counts: { new: 1, unchanged: 2498 }, refused: 2 });
      expect(outcome.refusals.map(({ location }) => location.record)).toEqual([1000, 2000]);
      expect(outcome.refusals[0]?.reasons.join()).toContain('status is CONNECTED here, PENDING in the file');
      expect(await exported(plane.store)).toHaveLength(2500);
    });

    it('refuses a second live connection of an identity: of the store, and of the file', async () => {
      await importAll(plane.store, [connectionRecord(1)]);
      const outcome = await importAll(plane.store, [
        connectionRecord(1),
        connectionRecord(2),
        connectionRecord(3, { environmentName: 'e2' }),
        connectionRecord(4, { environmentName: 'e2', status: 'REJECTED' }),
      ]);
      expect(outcome).toMatchObject({ written: false, refused: 2 });
      expect(outcome.refusals.map(({ location }) => location.record)).toEqual([1, 3]);
      expect(outcome.refusals[0]?.reasons.join()).toContain('which is CONNECTED here');
      expect(outcome.refusals[1]?.reasons.join()).toContain('as record 2');
    });

    it('joins records of the same connection that complete each other', async () => {
      const one = connectionRecord(1);
      const build = { codebuildRoleArn: role('build') };
      const tags = { tags: [{ key: 'a', value: 'b' }] };
      const withMembers = (record: number, members: Partial<ConnectionView>): ConnectionRecord => ({
        ...one,
        location: { record },
        connection: { ...one.connection, ...members },
      });
      const outcome = await importAll(plane.store, [
        one,
        withMembers(2, build),
        withMembers(3, tags),
        withMembers(4, build),
      ]);
      expect(outcome).toMatchObject({ written: true, counts: { new: 1, unchanged: 3 } });
      expect(await exported(plane.store)).toEqual([{ ...one.connection, ...build, ...tags }]);
      expect(
        await importAll(plane.store, [
          one,
          withMembers(2, build),
          withMembers(3, { codebuildRoleArn: role('other') }),
        ]),
      ).toMatchObject({ written: false, refused: 1, refusals: [{ location: { record: 3 } }] });
    });

    it('completes a connection whose CodeBuild role the store does not know', async () => {
      const one = connectionRecord(1);
      await importAll(plane.store, [one]);
      const completed = { ...one.connection, codebuildRoleArn: role('build') };
      expect(await importAll(plane.store, [{ ...one, connection: completed }])).toMatchObject({
        written: true,
        counts: { completed: 1 },
      });
      expect(await exported(plane.store)).toEqual([{ ...completed, tags: [] }]);
      expect(await session().listHistory([{ connection: one.connection }])).toMatchObject([
        {
          items: [
            { type: 'IMPORTED', previousStatus: 'CONNECTED', status: 'CONNECTED' },
            { type: 'IMPORTED' },
          ],
        },
      ]);
    });

    it('creates a declared connection unless it exists, and refuses a rejected one', async () => {
      await importAll(plane.store, [
        connectionRecord(1),
        connectionRecord(2, { environmentName: 'rejected', status: 'REJECTED' }),
        connectionRecord(3, { environmentName: 'completed' }),
      ]);
      const declared = [
        declarationRecord(1),
        declarationRecord(2, { environmentName: 'new' }),
        declarationRecord(3, { environmentName: 'completed', codebuildRoleArn: role('build') }),
        declarationRecord(4, { environmentName: 'new' }),
      ];
      const refused = await importAll(plane.store, [
        ...declared,
        declarationRecord(5, { environmentName: 'rejected' }),
        declarationRecord(6, { environmentName: 'new', codebuildRoleArn: role('build') }),
      ]);
      expect(refused).toMatchObject({
        written: false,
        refused: 2,
        refusals: [{ location: { record: 5 } }, { location: { record: 6 } }],
      });
      expect(await importAll(plane.store, declared)).toMatchObject({
        written: true,
        counts: { new: 1, completed: 1, unchanged: 2 },
      });
      const all = await exported(plane.store);
      expect(all.find(({ environmentName }) => environmentName === 'new')).toMatchObject({
        status: 'PENDING',
      });
      expect(all.find(({ environmentName }) => environmentName === 'completed')).toMatchObject({
        codebuildRoleArn: role('build'),
        status: 'CONNECTED',
      });
    });

    it('counts towards the quota', async () => {
      await session().createConnection({
        managementAccountId: MANAGEMENT,
        environmentAccountId: ENVIRONMENT,
        environmentName: 'own',
      });
      await importAll(
        plane.store,
        Array.from({ length: 999 }, (_, index) => connectionRecord(index + 1)),
      );
      await expect(
        session().createConnection({
          managementAccountId: MANAGEMENT,
          environmentAccountId: ENVIRONMENT,
          environmentName: 'more',
        }),
      ).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    });

    it('leaves the store usable when an export is not read to its end', async () => {
      await importAll(
        plane.store,
        Array.from({ length: 1500 }, (_, index) => connectionRecord(index + 1)),
      );
      for (let round = 0; round < 20; round += 1) {
        for await (const { environmentName } of plane.store.exports.connections()) {
          if (environmentName === 'e300') break;
        }
      }
      expect(await session().countConnections([{}])).toEqual([1500]);
    });
  });
}
