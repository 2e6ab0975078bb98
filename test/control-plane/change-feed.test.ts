import BetterSqlite3 from 'better-sqlite3';

import { unrestrictedViewer } from '../../src/proton/viewer';
import { createControlPlane, ENVIRONMENT, MANAGEMENT } from '../support/proton';
import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import { useTemporaryFolder } from '../support/folder';
import { called, describeChangeFeed } from './change-feed.contract';

function start() {
  const plane = createControlPlane();
  return Promise.resolve({ ...plane, end: plane.store.close });
}

describeChangeFeed('of a SQLite file', start);

const asking = {
  managementAccountId: MANAGEMENT,
  environmentAccountId: ENVIRONMENT,
  environmentName: 'one',
};

describe('The change feed of a SQLite file', () => {
  const folder = useTemporaryFolder();

  it('goes on behind any number of events that change no status', async () => {
    const { service, store, end } = await start();
    const session = service.session(unrestrictedViewer('someone'));
    const { id } = await session.createConnection(asking);
    for (let index = 0; index < 600; index += 1) {
      await session.tagConnection({ id, tags: [{ key: 'a', value: String(index) }] });
    }
    await session.acceptConnection({ id });
    const types: string[] = [];
    let reads = 0;
    for (let position = 0; types.length < 2; reads += 1) {
      const page = await store.feed.read(position, 10);
      if (page === 'removed') throw new Error('nothing is ever removed');
      types.push(...page.changes.map(({ event }) => event.type));
      position = page.position;
    }
    expect(types).toEqual(['CREATED', 'ACCEPTED']);
    expect(reads).toBeLessThan(5);
    await end();
  });

  it('shows the connection as it now is for a change of an earlier version, and leaves out one that is gone', async () => {
    const location = folder.path('store.db');
    const { service, store } = createControlPlane({ location });
    const session = service.session(unrestrictedViewer('someone'));
    const [kept, gone] = await Promise.all(
      ['kept', 'gone'].map((environmentName) =>
        session.createConnection({
          managementAccountId: MANAGEMENT,
          environmentAccountId: ENVIRONMENT,
          environmentName,
        }),
      ),
    );
    if (!kept || !gone) throw new Error('not created');
    const accepted = await session.acceptConnection(kept);
    await session.deleteConnection(gone);
    const other = new BetterSqlite3(location);
    other.exec('UPDATE connection_events SET snapshot = NULL');
    other.close();
    const page = await store.feed.read(0, 10);
    if (page === 'removed') throw new Error('nothing is ever removed');
    expect(page.changes.map(({ connection }) => connection)).toEqual([
      { ...accepted, status: 'PENDING' },
      accepted,
    ]);
    expect(page.position).toBe(4);
    await store.close();
  });

  it('calls those who watch it at once when this process writes', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
    try {
      const { service, store, end } = await start();
      const session = service.session(unrestrictedViewer('someone'));
      const head = await store.feed.head();
      await Promise.all([called(store), session.createConnection(asking)]);
      expect(await store.feed.head()).toBe(head + 1);
      await end();
    } finally {
      jest.useRealTimers();
    }
  });

  it('calls those who watch it when another process has written to the file', async () => {
    const location = folder.path('proton.db');
    const mine = openSqliteStore({ location });
    const { service, store: other } = createControlPlane({ location });
    await Promise.all([
      called(mine),
      service.session(unrestrictedViewer('someone')).createConnection(asking),
    ]);
    expect(await mine.feed.read(0, 10)).toMatchObject({ changes: [{ event: { type: 'CREATED' } }] });
    await other.close();
    await mine.close();
  });
});
