import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { Claim, ClaimedEvent, OutboundEvent, OutboundStore } from '../../src/control-plane/outbound';
import type { Store } from '../../src/control-plane/store';
import { isConnectionId, type ConnectionId } from '../../src/proton/identifiers';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { ENVIRONMENT, MANAGEMENT, type ControlPlane } from '../support/proton';

const NAME = 'audit';
const LONG_MS = 60_000;

function connection(): ConnectionId {
  const id = randomUUID();
  if (!isConnectionId(id)) throw new Error(id);
  return id;
}

function event(connectionId: ConnectionId, version: number): OutboundEvent {
  return { connectionId, version, message: `${connectionId} ${String(version)}` };
}

function eventsOf(claim: Claim): readonly ClaimedEvent[] {
  if (claim.kind !== 'claimed') throw new Error(`the destination is ${claim.kind}`);
  return claim.events;
}

const sorted = <Event extends OutboundEvent>(events: readonly Event[]) =>
  events.toSorted((a, b) => a.message.localeCompare(b.message));

/** @param start returns a control plane without connections, and what ends it */
export function describeOutbound(
  name: string,
  start: () => Promise<ControlPlane & { readonly end: () => Promise<void> }>,
): void {
  describe(`The outbound events ${name}`, () => {
    let store: Store;
    let outbound: OutboundStore;
    let plane: Awaited<ReturnType<typeof start>>;
    beforeEach(async () => {
      plane = await start();
      ({ store } = plane);
      ({ outbound } = store);
      await outbound.register([{ name: NAME, transport: 'webhook' }]);
    });
    afterEach(() => plane.end());

    const destination = async (of = NAME) => {
      const found = (await outbound.list()).find((one) => one.name === of);
      if (!found) throw new Error(`no ${of}`);
      return found;
    };
    const add = async (...events: readonly OutboundEvent[]) => {
      const { position } = await destination();
      expect(await outbound.enqueue(NAME, position, position + 1, events)).toBe(true);
    };
    const claim = (token = randomUUID(), limit = 100, leaseMs = LONG_MS) =>
      outbound.claim(NAME, { token, limit, leaseMs });
    const taken = (events: readonly OutboundEvent[], token: string, isProbe = false) =>
      outbound.settle(
        NAME,
        events.map(({ connectionId, version }) => ({
          connectionId,
          version,
          token,
          isProbe,
          failure: undefined,
        })),
      );
    const failed = (events: readonly OutboundEvent[], token: string, retryInMs: number, counts = true) =>
      outbound.settle(
        NAME,
        events.map(({ connectionId, version }) => ({
          connectionId,
          version,
          token,
          isProbe: false,
          failure: { retryInMs, counts },
        })),
      );

    it('begin for a new destination at the head of the feed, and go on for a known one', async () => {
      const session = plane.service.session(unrestrictedViewer('someone'));
      await session.createConnection({
        managementAccountId: MANAGEMENT,
        environmentAccountId: ENVIRONMENT,
        environmentName: 'one',
      });
      while ((await store.feed.lag()).changes > 0) await delay(5);
      await outbound.register([{ name: 'late', transport: 'eventbridge' }]);
      expect(await destination('late')).toEqual({
        name: 'late',
        transport: 'eventbridge',
        position: await store.feed.head(),
        paused: undefined,
        failures: 0,
        deliveredAt: null,
        dropped: 0,
      });
      await outbound.register([{ name: NAME, transport: 'webhook' }]);
      expect((await destination()).position).toBe(0);
      expect((await outbound.list()).map((one) => one.name)).toEqual([NAME, 'late']);
    });

    it('are added by one of two processes that have read the same changes', async () => {
      const one = event(connection(), 1);
      const added = await Promise.all([
        outbound.enqueue(NAME, 0, 7, [one], 2),
        outbound.enqueue(NAME, 0, 9, [one, event(connection(), 1)], 2),
      ]);
      expect(added.toSorted()).toEqual([false, true]);
      expect((await outbound.backlogs()).get(NAME)?.events).toBe(added[0] ? 1 : 2);
      expect(await destination()).toMatchObject({ position: added[0] ? 7 : 9, dropped: 2 });
    });

    it('are claimed by one process at a time, and again when the lease has ended', async () => {
      const events = [event(connection(), 1), event(connection(), 4)];
      await add(...events);
      const first = eventsOf(await claim());
      expect(sorted(first)).toEqual(sorted(events.map((one) => ({ ...one, failures: 0 }))));
      expect(await claim()).toMatchObject({ events: [] });
      const other = event(connection(), 1);
      await add(other);
      expect(eventsOf(await claim(randomUUID(), 100, 0))).toMatchObject([other]);
      expect(eventsOf(await claim())).toMatchObject([other]);
    });

    it('leave in the order of their versions, one of each connection at a time', async () => {
      const [a, b] = [connection(), connection()];
      await add(event(a, 1), event(a, 2), event(b, 3));
      await add(event(a, 5));
      const order: number[] = [];
      for (const expected of [2, 1, 1]) {
        const token = randomUUID();
        const events = eventsOf(await claim(token));
        expect(events).toHaveLength(expected);
        order.push(...events.filter(({ connectionId }) => connectionId === a).map(({ version }) => version));
        await taken(events, token);
      }
      expect(order).toEqual([1, 2, 5]);
      expect(await outbound.backlogs()).toEqual(new Map([[NAME, { events: 0, ageMs: 0 }]]));
      expect((await destination()).deliveredAt).toBeGreaterThan(0);
    });

    it('of one connection wait behind its failed one, and those of others do not, however many wait', async () => {
      const [bad, good] = [connection(), connection()];
      await add(...Array.from({ length: 50 }, (_, index) => event(bad, index + 1)));
      const token = randomUUID();
      await failed(eventsOf(await claim(token)), token, LONG_MS);
      await add(event(good, 1));
      const second = randomUUID();
      const events = eventsOf(await claim(second, 1));
      expect(events).toEqual([{ ...event(good, 1), failures: 0 }]);
      await taken(events, second);
      expect(await claim()).toMatchObject({ events: [], nextInMs: expect.any(Number) as number });
      expect((await outbound.backlogs()).get(NAME)?.events).toBe(50);
    });

    it('count their failures, but for those that are not their fault', async () => {
      await add(event(connection(), 1));
      for (const [counts, failures] of [
        [true, 0],
        [false, 1],
        [true, 1],
      ] as const) {
        const token = randomUUID();
        const events = eventsOf(await claim(token));
        expect(events).toMatchObject([{ failures }]);
        await failed(events, token, 0, counts);
      }
      expect(eventsOf(await claim())).toMatchObject([{ failures: 2 }]);
    });

    it('are due when their pause has ended, and say when that is', async () => {
      await add(event(connection(), 1));
      expect(await claim(randomUUID(), 0)).toMatchObject({ events: [], nextInMs: 0 });
      const [short, long] = [randomUUID(), randomUUID()];
      await failed(eventsOf(await claim(short)), short, 0);
      await failed(eventsOf(await claim(long)), long, LONG_MS);
      const next = await claim();
      expect(next).toMatchObject({ events: [] });
      if (next.kind !== 'claimed' || next.nextInMs === undefined) throw new Error('nothing waits');
      expect(next.nextInMs).toBeGreaterThan(0);
      expect(next.nextInMs).toBeLessThanOrEqual(LONG_MS);
    });

    it('ignore the result of a process whose lease has ended, and which another process has claimed', async () => {
      const one = event(connection(), 1);
      await add(one, event(one.connectionId, 2));
      const [slow, other] = [randomUUID(), randomUUID()];
      const events = eventsOf(await claim(slow, 1, 0));
      expect(eventsOf(await claim(other))).toEqual(events);
      await taken(events, slow);
      await failed(events, slow, 0);
      expect((await outbound.backlogs()).get(NAME)?.events).toBe(2);
      await taken(events, other);
      expect(eventsOf(await claim())).toMatchObject([{ version: 2, failures: 0 }]);
    });

    it('are added while the one before them is removed, and are not forgotten', async () => {
      const ids = Array.from({ length: 20 }, connection);
      await add(...ids.map((id) => event(id, 1)));
      const delivered: string[] = [];
      const deliver = async () => {
        const token = randomUUID();
        const events = eventsOf(await claim(token, 5));
        await taken(events, token);
        delivered.push(...events.map(({ connectionId, version }) => `${connectionId} ${String(version)}`));
        return events.length;
      };
      const adding = (async () => {
        for (let version = 2; version <= 6; version += 1) await add(...ids.map((id) => event(id, version)));
      })();
      const delivering = Array.from({ length: 3 }, async () => {
        while (delivered.length < 120) if ((await deliver()) === 0) await delay(2);
      });
      await Promise.all([adding, ...delivering]);
      expect(new Set(delivered).size).toBe(120);
      expect(delivered).toHaveLength(120);
      for (const id of ids) {
        const versions = delivered.filter((one) => one.startsWith(id)).map((one) => one.at(-1));
        expect(versions).toEqual(['1', '2', '3', '4', '5', '6']);
      }
    });

    it('are tried one at a time while a destination takes nothing, and all again once it takes one', async () => {
      await add(event(connection(), 1), event(connection(), 1), event(connection(), 1));
      const token = randomUUID();
      const events = eventsOf(await claim(token, 2));
      await failed(events, token, 0, false);
      // Both tries find out.
      expect(await outbound.suspend(NAME, LONG_MS, false)).toBe(true);
      expect(await outbound.suspend(NAME, 0, false)).toBe(false);
      expect(await claim()).toEqual({ kind: 'waiting', forMs: expect.any(Number) as number });
      expect(await outbound.suspend(NAME, 0, true)).toBe(true);
      const probeToken = randomUUID();
      const probe = await claim(probeToken);
      expect(probe).toMatchObject({ isProbe: true, destinationFailures: 2 });
      expect(eventsOf(probe)).toHaveLength(1);
      expect(await claim()).toMatchObject({ kind: 'waiting' });
      // The queue is in the order of milliseconds.
      await delay(2);
      await failed(eventsOf(probe), probeToken, 0, false);
      expect(await outbound.suspend(NAME, 0, true)).toBe(true);
      expect(await destination()).toMatchObject({ failures: 3 });
      const next = randomUUID();
      const second = await claim(next);
      // Another event, because the first one may be the reason.
      expect(eventsOf(second)[0]?.connectionId).not.toBe(eventsOf(probe)[0]?.connectionId);
      await taken(eventsOf(second), next, true);
      expect(await destination()).toMatchObject({ failures: 0 });
      expect(eventsOf(await claim())).toHaveLength(2);
    });

    it('wait as long as their destination wants, also when it takes one that was on its way before', async () => {
      const [early, late] = [event(connection(), 1), event(connection(), 1)];
      await add(early);
      const token = randomUUID();
      const events = eventsOf(await claim(token));
      await outbound.suspend(NAME, LONG_MS, false);
      await add(late);
      await taken(events, token);
      expect(await destination()).toMatchObject({ failures: 1, deliveredAt: expect.any(Number) as number });
      expect(await claim()).toEqual({ kind: 'waiting', forMs: expect.any(Number) as number });
      expect((await outbound.backlogs()).get(NAME)?.events).toBe(1);
    });

    it('that have failed least are tried first while a destination takes nothing', async () => {
      const bad = Array.from({ length: 3 }, () => event(connection(), 1));
      await add(...bad);
      const token = randomUUID();
      await failed(eventsOf(await claim(token)), token, 0);
      await outbound.suspend(NAME, 0, false);
      await delay(2);
      const fresh = event(connection(), 1);
      await add(fresh);
      const probe = await claim();
      expect(probe).toMatchObject({ isProbe: true });
      expect(eventsOf(probe)).toEqual([{ ...fresh, failures: 0 }]);
    });

    it('leave a destination that takes nothing as it is, when no event waits for its try', async () => {
      await outbound.suspend(NAME, 0, false);
      expect(await claim()).toMatchObject({ events: [], isProbe: true });
      await add(event(connection(), 1), event(connection(), 1));
      expect(eventsOf(await claim())).toHaveLength(1);
    });

    it('are not claimed while their destination is paused, gather, and go on at once after that', async () => {
      await add(event(connection(), 1), event(connection(), 1));
      const token = randomUUID();
      await failed(eventsOf(await claim(token)), token, LONG_MS);
      await outbound.suspend(NAME, LONG_MS, false);
      expect(await outbound.pause(NAME, 'operator')).toBe(true);
      expect(await outbound.pause(NAME, 'gone')).toBe(true);
      expect((await destination()).paused).toEqual({
        reason: 'operator',
        at: expect.any(Number) as number,
      });
      await add(event(connection(), 1));
      expect(await claim()).toEqual({ kind: 'paused' });
      expect(await outbound.resume(NAME)).toBe(true);
      expect(await destination()).toMatchObject({ paused: undefined, failures: 0 });
      expect(eventsOf(await claim())).toHaveLength(3);
      expect(await outbound.pause('unknown', 'operator')).toBe(false);
      expect(await outbound.resume('unknown')).toBe(false);
      expect(await outbound.claim('unknown', { token, limit: 1, leaseMs: 1 })).toEqual({ kind: 'paused' });
    });

    it('are dropped and counted when they have waited for too long, and the ones behind them go on', async () => {
      const [a, b] = [connection(), connection()];
      await add(event(a, 1), event(a, 2), event(b, 1));
      const token = randomUUID();
      await failed(eventsOf(await claim(token)), token, LONG_MS);
      await delay(500);
      await add(event(a, 3));
      const age = (await outbound.backlogs()).get(NAME)?.ageMs ?? 0;
      expect(age).toBeGreaterThanOrEqual(495);
      expect(await outbound.dropOlder(NAME, age - 20)).toBe(3);
      expect(await outbound.dropOlder(NAME, LONG_MS)).toBe(0);
      expect(await destination()).toMatchObject({ dropped: 3 });
      expect(eventsOf(await claim())).toEqual([{ ...event(a, 3), failures: 0 }]);
      expect((await outbound.backlogs()).get(NAME)?.events).toBe(1);
    });

    it('are sent again in order when they are replayed, also the one that is being sent', async () => {
      const id = connection();
      await add(event(id, 1), event(id, 2));
      const first = randomUUID();
      await taken(eventsOf(await claim(first)), first);
      const second = randomUUID();
      const inFlight = eventsOf(await claim(second));
      expect(inFlight).toMatchObject([{ version: 2 }]);
      await outbound.replay(NAME, [event(id, 1), event(id, 2)]);
      await taken(inFlight, second);
      const versions: number[] = [];
      for (let round = 0; round < 2; round += 1) {
        const token = randomUUID();
        const events = eventsOf(await claim(token));
        versions.push(...events.map(({ version }) => version));
        await taken(events, token);
      }
      expect(versions).toEqual([1, 2]);
      expect(eventsOf(await claim())).toEqual([]);
    });

    it('keep apart what waits for different destinations', async () => {
      const one = event(connection(), 1);
      await outbound.register([{ name: 'other', transport: 'webhook' }]);
      await add(one);
      await outbound.enqueue('other', 0, 1, [one]);
      const token = randomUUID();
      await taken(eventsOf(await claim(token)), token);
      await outbound.pause(NAME, 'gone');
      expect(
        eventsOf(await outbound.claim('other', { token: randomUUID(), limit: 9, leaseMs: LONG_MS })),
      ).toMatchObject([one]);
    });

    it('are found in the feed from a time on, or from the oldest change that is kept', async () => {
      const session = plane.service.session(unrestrictedViewer('someone'));
      for (const environmentName of ['one', 'two', 'three']) {
        await session.createConnection({
          managementAccountId: MANAGEMENT,
          environmentAccountId: ENVIRONMENT,
          environmentName,
        });
      }
      while ((await store.feed.head()) < 3 || (await store.feed.lag()).changes > 0) await delay(5);
      expect(await store.feed.before(-Infinity)).toBe(0);
      expect(await store.feed.before(0)).toBe(0);
      expect(await store.feed.before(Date.now() + 365 * 86_400_000)).toBe(await store.feed.head());
    });
  });
}
