import type { Write, WriteResult } from '../../src/control-plane/store';
import { createWriteQueue } from '../../src/control-plane/write-queue';
import type { ConnectionId } from '../../src/proton/identifiers';

const write = (id: string): Write => ({
  kind: 'change',
  id: id as ConnectionId,
  visibleTo: 'every',
  decide: (connection) => ({ kind: 'keep', connection }),
});

/** A store whose commits end when a test says so. */
function slowStore(concurrentWrites: number) {
  const running: { readonly ids: readonly string[]; readonly end: () => void }[] = [];
  const arrivals: (() => void)[] = [];
  return {
    concurrentWrites,
    running,
    write: (writes: readonly Write[]) =>
      new Promise<readonly WriteResult[]>((resolve) => {
        const group = {
          ids: writes.map((one) => (one.kind === 'change' ? one.id : '')),
          end() {
            running.splice(running.indexOf(group), 1);
            resolve(writes.map(() => ({ connection: undefined })));
          },
        };
        running.push(group);
        for (const arrived of arrivals.splice(0)) arrived();
      }),
    /** Resolves when this many commits run. */
    async hasRunning(count: number) {
      while (running.length < count) await new Promise<void>((resolve) => arrivals.push(resolve));
    },
  };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('The queue of writes', () => {
  it('commits writes together that arrive together, and those that arrive meanwhile in the next commit', async () => {
    const store = slowStore(1);
    const queue = createWriteQueue(store);
    const first = Promise.all([queue.put(write('a')), queue.put(write('b'))]);
    await store.hasRunning(1);
    const second = Promise.all([queue.put(write('c')), queue.put(write('d'))]);
    expect(store.running.map(({ ids }) => ids)).toEqual([['a', 'b']]);
    store.running[0]?.end();
    await first;
    await store.hasRunning(1);
    expect(store.running.map(({ ids }) => ids)).toEqual([['c', 'd']]);
    store.running[0]?.end();
    await second;
    await queue.drained();
  });

  it('waits a few turns of the event loop for more writes, but no longer than 2 ms', async () => {
    const now = jest.spyOn(performance, 'now').mockReturnValue(0);
    const store = slowStore(1);
    const queue = createWriteQueue(store);
    const puts = [queue.put(write('a'))];
    await turns(8);
    puts.push(queue.put(write('b')));
    await store.hasRunning(1);
    expect(store.running.map(({ ids }) => ids)).toEqual([['a', 'b']]);
    store.running[0]?.end();
    await queue.drained();

    puts.push(queue.put(write('c')));
    now.mockReturnValue(3);
    await turns(2);
    expect(store.running.map(({ ids }) => ids)).toEqual([['c']]);
    store.running[0]?.end();
    await Promise.all(puts);
    now.mockRestore();
  });

  it('runs as many commits at a time as the store allows', async () => {
    const store = slowStore(2);
    const queue = createWriteQueue(store);
    const puts = [queue.put(write('a'))];
    await store.hasRunning(1);
    puts.push(queue.put(write('b')));
    await store.hasRunning(2);
    puts.push(queue.put(write('c')), queue.put(write('d')));
    // Long enough for a third commit to start, if there could be one.
    await turns(20);
    expect(store.running.map(({ ids }) => ids)).toEqual([['a'], ['b']]);
    store.running[1]?.end();
    await store.hasRunning(2);
    expect(store.running.map(({ ids }) => ids)).toEqual([['a'], ['c', 'd']]);
    while (store.running.length > 0) store.running[0]?.end();
    await Promise.all(puts);
  });

  it('commits a write that follows the last one at once, and is drained only after it', async () => {
    const store = slowStore(2);
    const queue = createWriteQueue(store);
    const order: string[] = [];
    const chain = queue
      .put(write('a'))
      .then(() => queue.put(write('b')))
      .then(() => order.push('written'));
    await store.hasRunning(1);
    store.running[0]?.end();
    await store.hasRunning(1);
    const drained = queue.drained().then(() => order.push('drained'));
    expect(store.running.map(({ ids }) => ids)).toEqual([['b']]);
    store.running[0]?.end();
    await Promise.all([chain, drained]);
    expect(order).toEqual(['written', 'drained']);
    await expect(queue.drained()).resolves.toBeUndefined();
  });
});
