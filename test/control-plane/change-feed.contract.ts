import type { StatusChange } from '../../src/control-plane/change-feed';
import type { Store } from '../../src/control-plane/store';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { ENVIRONMENT, MANAGEMENT, type ControlPlane } from '../support/proton';

const asking = (environmentName: string) => ({
  managementAccountId: MANAGEMENT,
  environmentAccountId: ENVIRONMENT,
  environmentName,
});

/** Reads the feed after a position until it has this many changes. They get their positions within moments. */
export async function readChanges(
  { feed }: Pick<Store, 'feed'>,
  after: number,
  count: number,
  limit = 100,
): Promise<readonly StatusChange[]> {
  const changes: StatusChange[] = [];
  let position = after;
  while (changes.length < count) {
    const page = await feed.read(position, limit);
    if (page === 'removed') throw new Error('the feed has lost changes');
    expect(page.changes.length).toBeLessThanOrEqual(limit);
    changes.push(...page.changes);
    position = page.position;
  }
  return changes;
}

/** Resolves when the feed calls those who watch it. */
export function called({ feed }: Pick<Store, 'feed'>): Promise<void> {
  return new Promise((resolve) => {
    const stop = feed.watch(() => {
      stop();
      resolve();
    });
  });
}

/** @param start returns a control plane without connections, and what ends it */
export function describeChangeFeed(
  name: string,
  start: () => Promise<ControlPlane & { readonly end: () => Promise<void> }>,
): void {
  describe(`The change feed ${name}`, () => {
    it('has every change of a status, in order, with its event and the number of that in the history', async () => {
      const { service, store, end } = await start();
      const session = service.session(unrestrictedViewer('someone'));
      const head = await store.feed.head();
      const one = await session.createConnection(asking('one'));
      await session.tagConnection({ id: one.id, tags: [{ key: 'a', value: 'b' }] });
      await session.acceptConnection(one);
      const two = await session.createConnection(asking('two'));
      await session.updateConnection({ id: two.id, roleArn: `arn:aws:iam::${ENVIRONMENT}:role/x` });
      await session.rejectConnection(one);
      await session.deleteConnection(one);

      const changes = await readChanges(store, head, 5);
      const of = (id: string) =>
        changes
          .filter(({ event }) => event.connectionId === id)
          .map(({ version, event: { type, previousStatus, status, actor } }) => ({
            version,
            change: `${type} by ${actor}: ${previousStatus ?? 'none'} to ${status ?? 'none'}`,
          }));
      expect(of(one.id)).toEqual([
        { version: 1, change: 'CREATED by someone: none to PENDING' },
        { version: 3, change: 'ACCEPTED by someone: PENDING to CONNECTED' },
        { version: 4, change: 'REJECTED by someone: CONNECTED to REJECTED' },
        { version: 5, change: 'DELETED by someone: REJECTED to none' },
      ]);
      expect(of(two.id)).toEqual([{ version: 1, change: 'CREATED by someone: none to PENDING' }]);
      const positions = changes.map(({ position }) => position);
      expect(positions).toEqual(positions.toSorted((a, b) => a - b));
      expect(new Set(positions).size).toBe(5);
      expect(positions[0]).toBeGreaterThan(head);
      const [history] = await session.listHistory([{ connection: one, first: 100 }]);
      if (!history || history instanceof Error) throw new Error('no history', { cause: history });
      expect(history.items).toEqual(
        expect.arrayContaining(
          changes.filter(({ event }) => event.connectionId === one.id).map(({ event }) => event),
        ),
      );
      await end();
    });

    it('has the connection as it was right after each change, and right before a deletion', async () => {
      const { service, store, end } = await start();
      const session = service.session(unrestrictedViewer('someone'));
      const head = await store.feed.head();
      const created = await session.createConnection({
        ...asking('one'),
        roleArn: `arn:aws:iam::${ENVIRONMENT}:role/x`,
        tags: [{ key: 'team', value: 'a=b' }],
      });
      const accepted = await session.acceptConnection(created);
      const tagged = await session.tagConnection({ id: created.id, tags: [{ key: 'more', value: '' }] });
      await session.deleteConnection(created);
      const changes = await readChanges(store, head, 3);
      expect(changes.map(({ connection }) => connection)).toEqual([created, accepted, tagged]);
      await end();
    });

    it('is read in pages, from any position', async () => {
      const { service, store, end } = await start();
      const session = service.session(unrestrictedViewer('someone'));
      for (let index = 0; index < 12; index += 1) {
        const { id } = await session.createConnection(asking(`e${String(index)}`));
        await session.tagConnection({ id, tags: [{ key: 'a', value: 'b' }] });
      }
      const all = await readChanges(store, 0, 12, 5);
      expect(all.map(({ event }) => event.type)).toEqual(Array(12).fill('CREATED'));
      const seventh = all[6]?.position ?? 0;
      expect(await readChanges(store, seventh, 5, 2)).toEqual(all.slice(7));
      expect(await store.feed.head()).toBeGreaterThanOrEqual(all.at(-1)?.position ?? 0);
      expect(await store.feed.read(await store.feed.head(), 5)).toMatchObject({ changes: [] });
      await end();
    });

    it('calls those who watch it when there are changes to read', async () => {
      const { service, store, end } = await start();
      const session = service.session(unrestrictedViewer('someone'));
      const head = await store.feed.head();
      const { id } = await session.createConnection(asking('one'));
      const types: string[] = [];
      await new Promise<void>((resolve, reject) => {
        let position = head;
        async function read(): Promise<void> {
          const page = await store.feed.read(position, 100);
          if (page === 'removed' || page.position === position) return;
          position = page.position;
          types.push(...page.changes.map(({ event }) => event.type));
          if (types.length === 1) await session.rejectConnection({ id });
          if (types.length === 2) await session.deleteConnection({ id });
          if (types.length === 3) resolve();
        }
        let reading = Promise.resolve();
        store.feed.watch(() => {
          reading = reading.then(read).catch(reject);
        });
        // One who begins to watch reads first.
        reading = read().catch(reject);
      });
      expect(types).toEqual(['CREATED', 'REJECTED', 'DELETED']);
      await end();
    });

    it('calls each one who watches it, until that one stops', async () => {
      const { service, store, end } = await start();
      const session = service.session(unrestrictedViewer('someone'));
      const calls = { first: 0, second: 0 };
      const stopFirst = store.feed.watch(() => {
        calls.first += 1;
      });
      const stopSecond = store.feed.watch(() => {
        calls.second += 1;
      });
      stopFirst();
      stopFirst();
      await Promise.all([called(store), session.createConnection(asking('one'))]);
      expect(calls.first).toBe(0);
      expect(calls.second).toBeGreaterThan(0);
      stopSecond();
      const { second } = calls;
      await Promise.all([called(store), session.createConnection(asking('two'))]);
      expect(calls).toEqual({ first: 0, second });
      await end();
    });

    it('has no lag once all changes have positions', async () => {
      const { service, store, end } = await start();
      await service.session(unrestrictedViewer('someone')).createConnection(asking('one'));
      await readChanges(store, 0, 1);
      expect(await store.feed.lag()).toEqual({ changes: 0, milliseconds: 0 });
      await end();
    });
  });
}
