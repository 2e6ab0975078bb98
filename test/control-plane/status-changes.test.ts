import { setImmediate as nextTurn } from 'node:timers/promises';

import type { ChangeFeed, FeedPage } from '../../src/control-plane/change-feed';
import { statusChangesOn } from '../../src/control-plane/status-changes';
import { ProtonFailure } from '../../src/proton/failure';
import type {
  ConnectionStatusChange,
  StatusChangeListener,
  StatusChangeSource,
} from '../../src/proton/status-changes';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { createControlPlane, ENVIRONMENT, MANAGEMENT } from '../support/proton';

const VIEWER = unrestrictedViewer('someone');

/** A listener that resolves `seen(count)` when it has that many changes. */
function createListener() {
  const changes: ConnectionStatusChange[] = [];
  const failures: ProtonFailure[] = [];
  let waiting: (() => void)[] = [];
  const listener: StatusChangeListener = {
    changed(more) {
      changes.push(...more);
      for (const resolve of waiting) resolve();
      waiting = [];
    },
    ended: (failure) => failures.push(failure),
  };
  return {
    listener,
    changes,
    failures,
    async seen(count: number) {
      while (changes.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
      return changes;
    },
  };
}

/** A feed whose reads the test decides. */
function createFeed(first: () => Promise<FeedPage | 'removed'>) {
  const watchers = new Set<() => void>();
  const reads: number[] = [];
  let respond = first;
  const feed: ChangeFeed = {
    head: () => Promise.resolve(7),
    before: () => Promise.resolve(0),
    read: (after) => {
      reads.push(after);
      return respond();
    },
    lag: () => Promise.resolve({ changes: 0, milliseconds: 0 }),
    watch: (listener) => {
      watchers.add(listener);
      return () => watchers.delete(listener);
    },
  };
  return {
    feed,
    reads,
    watchers,
    signal: () => {
      for (const watcher of watchers) watcher();
    },
    respondWith: (next: typeof first) => {
      respond = next;
    },
  };
}

/** A feed of changes that follow its head. */
async function createLongFeed(length: number) {
  const { service, store } = createControlPlane();
  await service.session(VIEWER).createConnection({
    managementAccountId: MANAGEMENT,
    environmentAccountId: ENVIRONMENT,
    environmentName: 'one',
  });
  const [first] = ((await store.feed.read(0, 1)) as FeedPage).changes;
  if (!first) throw new Error('no change');
  await store.close();
  const all = Array.from({ length }, (_, index) => ({ ...first, position: 8 + index }));
  const { feed, signal } = createFeed(() => nothing(7));
  const source = statusChangesOn(
    {
      ...feed,
      read(after, limit) {
        const changes = all.filter(({ position }) => position > after).slice(0, limit);
        return Promise.resolve({ changes, position: changes.at(-1)?.position ?? after, unreadable: [] });
      },
    },
    () => undefined,
  );
  return { first, all, source, signal };
}

/** Watches with two listeners. @param taken resolves when the slow one has taken a page */
function watchWithSlow(source: StatusChangeSource, taken: () => Promise<void>) {
  const slow = createListener();
  const quick = createListener();
  const watches = [
    source.watchStatusChanges(VIEWER, {
      ...slow.listener,
      changed(changes) {
        void slow.listener.changed(changes);
        return taken();
      },
    }),
    source.watchStatusChanges(VIEWER, quick.listener),
  ];
  return { slow, quick, watches };
}

const nothing = (position: number) => Promise.resolve({ changes: [], unreadable: [], position });

describe('The status changes of the control plane', () => {
  it('are those that are committed after the watch has started, with the connection as each change shows it', async () => {
    const { service, store } = createControlPlane();
    const session = service.session(VIEWER);
    const asking = (environmentName: string) => ({
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName,
    });
    await session.createConnection(asking('before'));
    const one = createListener();
    const watch = service.watchStatusChanges(VIEWER, one.listener);
    const position = await watch.position();
    const created = await session.createConnection(asking('after'));
    const accepted = await session.acceptConnection(created);
    await session.tagConnection({ id: created.id, tags: [{ key: 'a', value: 'b' }] });
    const deleted = await session.deleteConnection(created);
    const changes = await one.seen(3);
    expect(changes).toMatchObject([
      { connection: created, previousStatus: null, status: 'PENDING' },
      { connection: accepted, previousStatus: 'PENDING', status: 'CONNECTED' },
      { connection: deleted, previousStatus: 'CONNECTED', status: null },
    ]);
    expect(changes[0]?.position).toBeGreaterThan(position);
    watch.stop();
    await session.createConnection(asking('later'));
    await nextTurn();
    await nextTurn();
    expect(one.changes).toHaveLength(3);
    await store.close();
  });

  it('are read once for all listeners, and not at all without one', async () => {
    const { feed, reads, watchers, signal } = createFeed(() => nothing(7));
    const source = statusChangesOn(feed, () => undefined);
    expect(watchers.size).toBe(0);
    const watches = [createListener(), createListener()].map(({ listener }) =>
      source.watchStatusChanges(VIEWER, listener),
    );
    await Promise.all(watches.map((watch) => watch.position()));
    expect(watchers.size).toBe(1);
    await nextTurn();
    const before = reads.length;
    signal();
    await nextTurn();
    expect(reads.slice(before)).toEqual([7]);
    for (const watch of watches) watch.stop();
    expect(watchers.size).toBe(0);
  });

  it('are read before there is a listener while watches are prepared, so that a watch starts without a look at the store', async () => {
    const { feed, watchers } = createFeed(() => nothing(7));
    const head = jest.spyOn(feed, 'head');
    const source = statusChangesOn(feed, () => undefined);
    const release = await source.prepareWatches?.();
    expect(head).toHaveBeenCalledTimes(1);
    const watch = source.watchStatusChanges(VIEWER, createListener().listener);
    expect(await watch.position()).toBe(7);
    expect(head).toHaveBeenCalledTimes(1);
    watch.stop();
    expect(watchers.size).toBe(1);
    release?.();
    expect(watchers.size).toBe(0);
  });

  it('go on where they were after an outage of the store', async () => {
    const { service, store } = createControlPlane();
    await service.session(VIEWER).createConnection({
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName: 'one',
    });
    const page = (await store.feed.read(0, 10)) as FeedPage;
    const [first] = page.changes;
    if (!first) throw new Error('no change');
    const change = { ...first, position: 8 };
    const away = () => Promise.reject(ProtonFailure.unavailable('away', undefined));
    const { feed, reads, signal, respondWith } = createFeed(away);
    const one = createListener();
    const watch = statusChangesOn(feed, () => undefined).watchStatusChanges(VIEWER, one.listener);
    await watch.position();
    signal();
    await nextTurn();
    respondWith(() => {
      respondWith(() => nothing(8));
      return Promise.resolve({ changes: [change], unreadable: [], position: 8 });
    });
    signal();
    expect(await one.seen(1)).toMatchObject([{ position: 8 }]);
    expect(one.failures).toEqual([]);
    expect(new Set(reads)).toEqual(new Set([7, 8]));
    watch.stop();
    await store.close();
  });

  it('reach the others while one listener is busy, which then gets all that it has missed', async () => {
    const { first, all, source, signal } = await createLongFeed(300);
    let goOn: () => void = () => undefined;
    const busy = new Promise<void>((resolve) => (goOn = resolve));
    const { slow, quick, watches } = watchWithSlow(source, () => busy);
    await Promise.all(watches.map((watch) => watch.position()));
    signal();
    const positions = all.map(({ position }) => position);
    expect((await quick.seen(300)).map(({ position }) => position)).toEqual(positions);
    expect(slow.changes.length).toBeLessThan(100);
    goOn();
    expect((await slow.seen(300)).map(({ position }) => position)).toEqual(positions);
    // It goes on together with the others.
    all.push({ ...first, position: 308 });
    await nextTurn();
    signal();
    expect(await quick.seen(301)).toHaveLength(301);
    expect((await slow.seen(301)).at(-1)?.position).toBe(308);
    expect([slow.changes.length, slow.failures, quick.failures]).toEqual([301, [], []]);
    for (const watch of watches) watch.stop();
  });

  it('reach a listener at most a second later in a burst because another one takes some time for each page', async () => {
    const { source, signal } = await createLongFeed(1_280);
    const { slow, quick, watches } = watchWithSlow(
      source,
      () => new Promise((resolve) => setTimeout(resolve, 150)),
    );
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    try {
      await Promise.all(watches.map((watch) => watch.position()));
      signal();
      await jest.advanceTimersByTimeAsync(900);
      expect(quick.changes.length).toBeLessThan(1_280);
      await jest.advanceTimersByTimeAsync(100);
      await quick.seen(1_280);
      await jest.advanceTimersByTimeAsync(3_000);
      expect(slow.changes).toHaveLength(1_280);
    } finally {
      jest.useRealTimers();
    }
    for (const watch of watches) watch.stop();
  });

  it.each([
    ['changes were removed that were not read', () => Promise.resolve('removed' as const), 0],
    ['one of them can not be read', () => Promise.resolve({ changes: [], unreadable: [8], position: 8 }), 1],
    ['an unexpected error leaves them unread', () => Promise.reject(new Error('a bug')), 1],
  ])('end when %s', async (_when, respond, faultCount) => {
    const faults: unknown[] = [];
    const { feed, watchers, signal } = createFeed(respond);
    const one = createListener();
    const source = statusChangesOn(feed, (fault) => faults.push(fault));
    await source.watchStatusChanges(VIEWER, one.listener).position();
    signal();
    await nextTurn();
    expect(one.failures).toMatchObject([{ code: 'UNAVAILABLE' }]);
    expect(faults).toHaveLength(faultCount);
    expect(watchers.size).toBe(0);
  });
});
