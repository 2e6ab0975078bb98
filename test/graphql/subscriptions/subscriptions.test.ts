import { setImmediate as nextTurn } from 'node:timers/promises';

import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';

import { createErrorFormatter } from '../../../src/graphql/format-error';
import { documentChecks } from '../../../src/graphql/limits/document-checks';
import { createOperationLimits } from '../../../src/graphql/limits/operation-limits';
import type { SubscriberInfo, SubscriptionSink } from '../../../src/graphql/subscriptions/subscriber';
import {
  createSubscriptions,
  type Subscriptions,
  type SubscriptionsOptions,
} from '../../../src/graphql/subscriptions/subscriptions';
import { ProtonFailure } from '../../../src/proton/failure';
import type { ConnectionStatusChange, StatusChangeListener } from '../../../src/proton/status-changes';
import { accountViewer, unrestrictedViewer, type Viewer } from '../../../src/proton/viewer';
import { buildSubgraph } from '../../../src/subgraph/schema';
import type { SubscriptionEvent } from '../../../src/telemetry/events';
import { readConfig } from '../../../src/config/config';
import { createControlPlane, ENVIRONMENT, MANAGEMENT, region, STRANGER } from '../../support/proton';

const { schema } = buildSubgraph();
const { document: limits } = readConfig({}).limits;
const QUERY = 'subscription { environmentAccountConnectionStatusChanged { connection { id } status } }';
const QUERY_WITH_FILTER = `subscription ($tags: [EnvironmentAccountConnectionTagFilter!]) {
  environmentAccountConnectionStatusChanged(filter: { tags: $tags }) { status }
}`;
const WITH_HISTORY =
  'subscription { environmentAccountConnectionStatusChanged { connection { id history { nodes { type } } } } }';

/** Subscriptions to changes that the test makes. */
function createFixture(options: Partial<SubscriptionsOptions> = {}) {
  const { service, store } = createControlPlane();
  const listeners = new Set<StatusChangeListener>();
  const sessions: Viewer[] = [];
  const faults: { readonly error: unknown; readonly id: string }[] = [];
  const ended: (SubscriptionEvent & { readonly dropped: number })[] = [];
  let position = 0;
  const subscriptions = createSubscriptions({
    schema,
    checks: documentChecks(limits, true),
    limits: createOperationLimits(schema, limits),
    formatError: createErrorFormatter({ suggestions: true }),
    source: {
      watchStatusChanges(_viewer, listener) {
        listeners.add(listener);
        return {
          position: () => Promise.resolve(position),
          stop: () => listeners.delete(listener),
        };
      },
    },
    openSession(viewer, end) {
      sessions.push(viewer);
      return service.session(viewer, end);
    },
    trustPolicyDefaults: { region: region('us-east-1'), provisionerRole: null },
    reportFault: (error, id) => faults.push({ error, id }),
    executionMs: 1_000,
    maxWaiting: 3,
    observe: {
      started: () => undefined,
      delivered: () => undefined,
      ended: (event, dropped) => ended.push({ ...event, dropped }),
      refused: (event) => ended.push({ ...event, dropped: 0 }),
    },
    ...options,
  });

  async function makeChange(environmentName = 'one'): Promise<ConnectionStatusChange> {
    position += 1;
    const connection = await service.session(unrestrictedViewer('someone')).createConnection({
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName,
    });
    return {
      position,
      connection,
      previousStatus: null,
      status: 'PENDING',
      occurredAt: Date.now(),
      eventId: '',
    };
  }
  /** Resolves when the changes are executed and delivered, unless their execution waits for something. */
  async function publish(...changes: readonly ConnectionStatusChange[]): Promise<void> {
    await Promise.all([...listeners].map(async (listener) => listener.changed(changes)));
    for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  }
  return {
    subscriptions,
    listeners,
    sessions,
    faults,
    ended,
    makeChange,
    publish,
    close: () => store.close(),
  };
}

interface CollectingSink extends SubscriptionSink {
  readonly results: FormattedExecutionResult[];
  readonly errors: GraphQLFormattedError[];
}

function createSink(next?: SubscriptionSink['next']): CollectingSink {
  const results: FormattedExecutionResult[] = [];
  const errors: GraphQLFormattedError[] = [];
  return {
    results,
    errors,
    next(result) {
      results.push(result);
      return next?.(result);
    },
    ended: (given) => errors.push(...given),
  };
}

interface StartOptions extends Partial<SubscriberInfo> {
  readonly query?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

const start = (
  subscriptions: Subscriptions,
  sink: SubscriptionSink,
  { viewer = unrestrictedViewer('ann'), query = QUERY, variables = {}, ...client }: StartOptions = {},
) =>
  subscriptions.start(
    subscriptions.accept({ query, variables }),
    { viewer, transport: 'websocket', requestId: 'r1', ...client },
    sink,
  );

describe('Subscriptions', () => {
  it('execute an event once for subscribers with equal documents, variables and permissions', async () => {
    const { subscriptions, sessions, listeners, makeChange, publish, close } = createFixture();
    const sinks = [createSink(), createSink(), createSink()];
    for (const [index, sink] of sinks.entries()) {
      await start(subscriptions, sink, { viewer: unrestrictedViewer(`user ${String(index)}`) });
    }
    const other = createSink();
    await start(subscriptions, other, { viewer: accountViewer(MANAGEMENT) });
    expect(listeners.size).toBe(2);
    await publish(await makeChange());
    expect(sessions).toHaveLength(2);
    expect(sinks.map(({ results }) => results.length)).toEqual([1, 1, 1]);
    expect(other.results).toEqual(sinks[0]?.results);
    await close();
  });

  it('stop watching with the last subscriber', async () => {
    const { subscriptions, listeners, close } = createFixture();
    const one = await start(subscriptions, createSink());
    const two = await start(subscriptions, createSink());
    one.stop('OK');
    expect(listeners.size).toBe(1);
    two.stop('OK');
    two.stop('OK');
    expect(listeners.size).toBe(0);
    await close();
  });

  it('deliver nothing that was committed before they started', async () => {
    const { subscriptions, makeChange, publish, close } = createFixture();
    const early = createSink();
    await start(subscriptions, early);
    const before = await makeChange('before');
    const late = createSink();
    await start(subscriptions, late);
    await publish(before);
    await publish(await makeChange('after'));
    expect([early.results.length, late.results.length]).toEqual([2, 1]);
    await close();
  });

  it('show a viewer only changes of accounts that it may read', async () => {
    const { subscriptions, sessions, makeChange, publish, close } = createFixture();
    const stranger = createSink();
    await start(subscriptions, stranger, { viewer: accountViewer(STRANGER) });
    await publish(await makeChange());
    expect([stranger.results, sessions]).toEqual([[], []]);
    await close();
  });

  it('end with SUBSCRIPTION_OVERFLOW when more results wait than may, and others do not notice', async () => {
    const { subscriptions, ended, makeChange, publish, close } = createFixture();
    const slow = createSink(() => new Promise(() => undefined));
    const quick = createSink();
    await start(subscriptions, slow);
    await start(subscriptions, quick);
    for (const name of ['a', 'b', 'c', 'd']) await publish(await makeChange(name));
    expect(slow.errors).toEqual([]);
    await publish(await makeChange('e'), await makeChange('f'));
    while (quick.results.length < 6) await nextTurn();
    expect(slow.errors).toMatchObject([{ extensions: { code: 'SUBSCRIPTION_OVERFLOW' } }]);
    expect([slow.results.length, quick.results.length]).toEqual([1, 6]);
    expect(ended).toMatchObject([{ outcome: 'SUBSCRIPTION_OVERFLOW', events: 0, dropped: 4 }]);
    await close();
  });

  it('deliver a burst of changes to a client that takes results slower than they come', async () => {
    const { subscriptions, makeChange, publish, close } = createFixture();
    const sink = createSink(async () => {
      for (let turn = 0; turn < 5; turn += 1) await nextTurn();
    });
    await start(subscriptions, sink);
    const changes: ConnectionStatusChange[] = [];
    for (let index = 0; index < 64; index += 1) changes.push(await makeChange(`e${String(index)}`));
    await publish(...changes);
    while (sink.results.length < 64 && sink.errors.length === 0) await nextTurn();
    expect(sink.errors).toEqual([]);
    await close();
  });

  describe('with slow clients among them', () => {
    beforeEach(() => {
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    });
    afterEach(() => {
      jest.useRealTimers();
    });

    const fromRouter = (origin: string) => ({ transport: 'callback' as const, routerOrigin: origin });

    /** A sink that takes each result this long after it was given, in milliseconds. */
    const createSlowSink = (ms: number) =>
      createSink(() => new Promise((resolve) => setTimeout(resolve, ms)));

    /** A sink that takes the first of this many results 900 ms after it was given, and the others at once. */
    function createStutteringSink(period: number): CollectingSink {
      const sink = createSink(
        () =>
          new Promise((resolve) => {
            if (sink.results.length % period === 1) setTimeout(resolve, 900);
            else resolve();
          }),
      );
      return sink;
    }

    let made = 0;
    async function makeChanges(
      { makeChange }: ReturnType<typeof createFixture>,
      count: number,
    ): Promise<readonly ConnectionStatusChange[]> {
      const changes: ConnectionStatusChange[] = [];
      for (let index = 0; index < count; index += 1)
        changes.push(await makeChange(`e${String((made += 1))}`));
      return changes;
    }

    const publishNew = async (fixture: ReturnType<typeof createFixture>, count: number): Promise<void> =>
      fixture.publish(...(await makeChanges(fixture, count)));

    async function pass(ms: number, stepMs = 100): Promise<void> {
      for (let passed = 0; passed < ms; passed += stepMs) {
        await jest.advanceTimersByTimeAsync(stepMs);
        for (let turn = 0; turn < 100; turn += 1) await nextTurn();
      }
    }

    it('hold up a WebSocket for at most a second in a burst for another one, which then overflows', async () => {
      const fixture = createFixture();
      const slow = createSlowSink(300);
      const quick = createSink();
      await start(fixture.subscriptions, slow);
      await start(fixture.subscriptions, quick);
      await publishNew(fixture, 20);
      await pass(900);
      expect(quick.results.length).toBeLessThan(20);
      expect(slow.errors).toEqual([]);
      await pass(100);
      expect(quick.results).toHaveLength(20);
      expect(slow.errors).toMatchObject([{ extensions: { code: 'SUBSCRIPTION_OVERFLOW' } }]);
      await fixture.close();
    });

    it('hold up a WebSocket no longer for one that stops and goes on again and again', async () => {
      const fixture = createFixture();
      const stuttering = createStutteringSink(40);
      const quick = createSink();
      await start(fixture.subscriptions, stuttering);
      await start(fixture.subscriptions, quick);
      const changes = await makeChanges(fixture, 120);
      const [listener] = fixture.listeners;
      // As a source does: the next page when the one before is delivered.
      const published = (async () => {
        for (let first = 0; first < 120; first += 40)
          await listener?.changed(changes.slice(first, first + 40));
      })();
      await pass(900);
      expect([quick.results.length < 80, stuttering.errors]).toEqual([true, []]);
      await pass(200);
      expect(quick.results).toHaveLength(120);
      expect(stuttering.errors).toMatchObject([{ extensions: { code: 'SUBSCRIPTION_OVERFLOW' } }]);
      await published;
      await fixture.close();
    });

    it('wait for a client again when there were no events for a time', async () => {
      const fixture = createFixture();
      const stuttering = createStutteringSink(20);
      await start(fixture.subscriptions, stuttering);
      await publishNew(fixture, 20);
      await pass(2_000);
      await publishNew(fixture, 20);
      await pass(1_000);
      expect([stuttering.results.length, stuttering.errors]).toEqual([40, []]);
      await fixture.close();
    });

    it('wait for a client that is quick enough beside one that takes nothing', async () => {
      const fixture = createFixture();
      const steady = createSlowSink(20);
      const stopped = createSink(() => new Promise(() => undefined));
      await start(fixture.subscriptions, steady);
      await start(fixture.subscriptions, stopped);
      await publishNew(fixture, 30);
      await pass(2_000, 20);
      expect([steady.results.length, steady.errors]).toEqual([30, []]);
      expect(stopped.errors).toMatchObject([{ extensions: { code: 'SUBSCRIPTION_OVERFLOW' } }]);
      await fixture.close();
    });

    it('hold up nothing for a slow router but its own subscriptions, which get all', async () => {
      const fixture = createFixture();
      const slow = createSlowSink(200);
      const ofSameRouter = createSink();
      const webSocket = createSink();
      const ofOtherRouter = createSink();
      await start(fixture.subscriptions, slow, fromRouter('https://slow.example'));
      await start(fixture.subscriptions, ofSameRouter, fromRouter('https://slow.example'));
      await start(fixture.subscriptions, webSocket);
      await start(fixture.subscriptions, ofOtherRouter, fromRouter('https://quick.example'));
      await publishNew(fixture, 20);
      expect([webSocket.results.length, ofOtherRouter.results.length]).toEqual([20, 20]);
      expect(ofSameRouter.results.length).toBeLessThan(20);
      await pass(4_000);
      expect([slow.results.length, slow.errors, ofSameRouter.results.length]).toEqual([20, [], 20]);
      await fixture.close();
    });
  });

  it('mask an unexpected error in the result of an event, log it once, and go on', async () => {
    const { service } = createControlPlane();
    let isBroken = true;
    const { subscriptions, faults, makeChange, publish, close } = createFixture({
      openSession: (viewer) =>
        Object.assign(Object.create(service.session(viewer)) as object, {
          listHistory: () =>
            isBroken
              ? Promise.reject(new Error('connect ECONNREFUSED db.internal:5432'))
              : Promise.resolve([null]),
        }) as never,
    });
    const sinks = [createSink(), createSink()];
    for (const sink of sinks) await start(subscriptions, sink, { query: WITH_HISTORY });
    await publish(await makeChange('broken'));
    isBroken = false;
    await publish(await makeChange('whole'));
    expect(faults).toHaveLength(1);
    for (const { results } of sinks) {
      expect(results).toMatchObject([
        {
          errors: [
            {
              message: 'Something went wrong on our side. The fault has been recorded.',
              path: ['environmentAccountConnectionStatusChanged', 'connection', 'history'],
              extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: faults[0]?.id },
            },
          ],
        },
        { data: { environmentAccountConnectionStatusChanged: { connection: { history: null } } } },
      ]);
      expect(JSON.stringify(results)).not.toContain('db.internal');
    }
    await close();
  });

  it('give an event a deadline of its own', async () => {
    const { service } = createControlPlane();
    const signals: AbortSignal[] = [];
    const { subscriptions, makeChange, publish, close } = createFixture({
      executionMs: 10,
      openSession: (viewer, { signal }) => {
        if (signal) signals.push(signal);
        return Object.assign(Object.create(service.session(viewer)) as object, {
          listHistory: () => new Promise(() => undefined),
        }) as never;
      },
    });
    const sink = createSink();
    await start(subscriptions, sink, { query: WITH_HISTORY });
    await publish(await makeChange());
    while (sink.results.length === 0) await nextTurn();
    expect(sink.results).toMatchObject([
      { data: null, errors: [{ extensions: { code: 'EXECUTION_TIMEOUT' } }] },
    ]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    await close();
  });

  it('give up an event whose tags can not be read in time', async () => {
    const { service } = createControlPlane();
    const { subscriptions, makeChange, publish, close } = createFixture({
      executionMs: 10,
      openSession: (viewer) =>
        Object.assign(Object.create(service.session(viewer)) as object, {
          readTags: () => new Promise(() => undefined),
        }) as never,
    });
    const sink = createSink();
    await start(subscriptions, sink, { query: QUERY_WITH_FILTER, variables: { tags: [{ key: 'team' }] } });
    const { connection, ...change } = await makeChange();
    await publish({ ...change, connection: { ...connection, tags: undefined } as never });
    while (sink.results.length === 0) await nextTurn();
    expect(sink.results).toMatchObject([{ errors: [{ extensions: { code: 'EXECUTION_TIMEOUT' } }] }]);
    await close();
  });

  it('count no result that a client did not take before it left', async () => {
    let delivered = 0;
    const ended: SubscriptionEvent[] = [];
    const { subscriptions, makeChange, publish, close } = createFixture({
      observe: {
        started: () => undefined,
        delivered: () => (delivered += 1),
        ended: (event) => ended.push(event),
        refused: () => undefined,
      },
    });
    let take: () => void = () => undefined;
    const sink = createSink(() => new Promise<void>((resolve) => (take = resolve)));
    const running = await start(subscriptions, sink);
    await publish(await makeChange());
    running.stop('CLIENT_GONE');
    take();
    await nextTurn();
    expect(ended).toMatchObject([{ outcome: 'CLIENT_GONE', events: 0 }]);
    expect(delivered).toBe(0);
    await close();
  });

  it('end when changes may be missing, and can be started again', async () => {
    const { subscriptions, listeners, ended, close } = createFixture();
    const sink = createSink();
    await start(subscriptions, sink);
    for (const listener of [...listeners]) {
      listeners.delete(listener);
      listener.ended(ProtonFailure.unavailable('Some changes are gone.', undefined));
    }
    expect(sink.errors).toEqual([{ message: 'Some changes are gone.', extensions: { code: 'UNAVAILABLE' } }]);
    expect(ended).toMatchObject([
      { outcome: 'UNAVAILABLE', operation: 'environmentAccountConnectionStatusChanged' },
    ]);
    await start(subscriptions, createSink());
    expect(listeners.size).toBe(1);
    await close();
  });

  it('are refused while changes can not be watched', async () => {
    const failure = ProtonFailure.unavailable('The store is away.', undefined);
    const stops: string[] = [];
    const { subscriptions, close } = createFixture({
      source: {
        watchStatusChanges: () => ({
          position: () => Promise.reject(failure),
          stop: () => stops.push('stopped'),
        }),
      },
    });
    await expect(start(subscriptions, createSink())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      errors: [{ message: 'The store is away.' }],
    });
    expect(stops).toEqual(['stopped']);
    await close();
  });
});
