import { Client } from 'pg';

import { unrestrictedViewer } from '../../../src/proton/viewer';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import { controlPlaneOn, emptyTables, openTestStore } from '../../support/postgres-store';
import { ENVIRONMENT, MANAGEMENT } from '../../support/proton';
import { connectionRecord, declarationRecord, describeImports, role } from '../import/imports.contract';

describeWithPostgres('On PostgreSQL', () => {
  const database = usePostgres();

  async function start(trace?: (statement: string) => void) {
    const store = await openTestStore(database.url, { trace });
    await emptyTables(database);
    return { ...controlPlaneOn(store), end: store.close };
  }

  const rows = async (table: string) => (await database.query(`SELECT 1 FROM ${table}`)).length;

  describeImports('PostgreSQL', start);

  describe('An import into a database that other processes use', () => {
    const asking = (environmentName: string) => ({
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName,
    });

    it('does not block writes while it stages and compares records', async () => {
      const { service, store, end } = await start();
      const session = service.session(unrestrictedViewer('someone'));
      const importing = await store.imports.begin();
      await importing.add([connectionRecord(1)]);
      await session.createConnection(asking('meanwhile'));
      expect(await importing.settle('compare')).toMatchObject({ written: false, counts: { new: 1 } });
      await session.createConnection(asking('more'));
      await importing.close();
      expect(await rows('import_records')).toBe(0);
      await end();
    });

    it('refuses a record whose identity another process takes before the write', async () => {
      let meanwhile: (() => Promise<unknown>) | undefined = undefined;
      let taken: Promise<unknown> | undefined;
      const { service, store, end } = await start((statement) => {
        if (!/^INSERT INTO account_scopes .*import_records/s.test(statement)) return;
        taken ??= meanwhile?.();
      });
      const other = await openTestStore(database.url);
      const importing = await store.imports.begin();
      await importing.add([connectionRecord(1), connectionRecord(2)]);
      meanwhile = () =>
        controlPlaneOn(other).service.session(unrestrictedViewer('other')).createConnection(asking('e1'));
      const outcome = await importing.settle('write');
      const isTaken = await taken?.then(
        () => true,
        () => false,
      );
      // Whichever of the two came first, the other one was refused as a whole.
      expect(isTaken).toBe(!outcome.written);
      expect(await rows('connections')).toBe(isTaken ? 1 : 2);
      expect(await service.session(unrestrictedViewer('someone')).countConnections([{}])).toEqual([
        isTaken ? 1 : 2,
      ]);
      await importing.close();
      await other.close();
      await end();
    });

    it('creates a declared connection again when the one that it would complete was deleted meanwhile', async () => {
      const { service, store, end } = await start();
      const session = service.session(unrestrictedViewer('someone'));
      const created = await session.createConnection(asking('e1'));
      const importing = await store.imports.begin();
      await importing.add([declarationRecord(1, { codebuildRoleArn: role('build') })]);
      expect(await importing.settle('compare')).toMatchObject({ counts: { completed: 1, new: 0 } });
      await session.deleteConnection(created);
      expect(await importing.settle('write')).toMatchObject({
        written: true,
        counts: { new: 1, completed: 0 },
      });
      const [found] = await session.listConnections([{}]);
      expect(found).toMatchObject({ items: [{ status: 'PENDING', codebuildRoleArn: role('build') }] });
      await importing.close();
      await end();
    });

    it('changes nothing when its write fails half way', async () => {
      const { store, end } = await start();
      const importing = await store.imports.begin();
      await importing.add([connectionRecord(1), connectionRecord(2)]);
      await database.query(
        "ALTER TABLE connection_events ADD CONSTRAINT sabotage CHECK (type <> 'IMPORTED')",
      );
      await expect(importing.settle('write')).rejects.toMatchObject({ code: '23514' });
      await database.query('ALTER TABLE connection_events DROP CONSTRAINT sabotage');
      expect([await rows('connections'), await rows('connection_events'), await rows('unsequenced')]).toEqual(
        [0, 0, 0],
      );
      expect(await importing.settle('write')).toMatchObject({ written: true, counts: { new: 2 } });
      await importing.close();
      await end();
    });

    it('waits for a create in the same account, and makes later ones wait', async () => {
      const { store, service, end } = await start();
      const session = service.session(unrestrictedViewer('someone'));
      await session.createConnection(asking('own'));
      const creating = new Client({ connectionString: database.url });
      await creating.connect();
      await creating.query('BEGIN');
      await creating.query('UPDATE account_scopes SET connections = connections + 1');
      const importing = await store.imports.begin();
      await importing.add([connectionRecord(1)]);
      let isSettled = false;
      const settled = importing.settle('write').finally(() => {
        isSettled = true;
      });
      const waiting = () =>
        database.query(
          "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
      while ((await waiting()).length === 0) expect(isSettled).toBe(false);
      await creating.query('COMMIT');
      await creating.end();
      expect(await settled).toMatchObject({ written: true });
      await importing.close();
      await end();
    });

    it('is followed by an export of one moment, however slowly it is read', async () => {
      const { store, service, end } = await start();
      const session = service.session(unrestrictedViewer('someone'));
      const records = Array.from({ length: 1_500 }, (_, index) => connectionRecord(index + 1));
      const importing = await store.imports.begin();
      await importing.add(records);
      await importing.settle('write');
      let exported = 0;
      for await (const { environmentName } of store.exports.connections()) {
        if (exported === 0) {
          for (const { connection } of records.slice(0, 3)) await session.deleteConnection(connection);
        }
        expect(environmentName).toBe(`e${String(1_500 - exported)}`);
        exported += 1;
      }
      expect(exported).toBe(1_500);
      expect(await session.countConnections([{}])).toEqual([1_497]);
      await importing.close();
      await end();
    });
  });
});
