import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

import {
  CallbackChannel,
  DEFAULT_RETRIES,
  type ChannelEnd,
} from '../../../src/http/callback/callback-channel';
import {
  createCallbackClient,
  type CallbackClient,
  type CallbackConnection,
} from '../../../src/http/callback/callback-client';
import { startCallbackRouter, type CallbackRouter } from './router';

/** Long enough for a busy machine. */
const TIMEOUT_MS = 10_000;
/** For routers that hang: short, so that tests don't wait. */
const SHORT_TIMEOUT_MS = 200;
const RETRIES = { pausesMs: [1, 1, 1, 1, 1] };

describe('The messages to a router', () => {
  let router: CallbackRouter;
  let client: CallbackClient;
  const open: CallbackChannel[] = [];

  beforeEach(async () => {
    router = await startCallbackRouter();
    client = createCallbackClient(TIMEOUT_MS);
  });

  function waitBriefly(): void {
    client.close();
    client = createCallbackClient(SHORT_TIMEOUT_MS);
  }

  afterEach(async () => {
    for (const channel of open.splice(0)) channel.close();
    client.close();
    await router.stop();
  });

  interface OpenChannel {
    readonly channel: CallbackChannel;
    readonly ended: Promise<ChannelEnd>;
  }

  function openChannel(heartbeatIntervalMs = 0, origin = router.origin): OpenChannel {
    let end: (reason: ChannelEnd) => void = () => undefined;
    const ended = new Promise<ChannelEnd>((resolve) => (end = resolve));
    const target = { url: new URL('/callback/1', origin), id: 's-1', verifier: 'v-1', heartbeatIntervalMs };
    const channel = new CallbackChannel(client, target, RETRIES, (reason) => {
      end(reason);
    });
    open.push(channel);
    return { channel, ended };
  }

  const never = new AbortController().signal;

  it('have the form of the protocol', async () => {
    const { channel } = openChannel();
    expect(await channel.check(never)).toBeUndefined();
    await channel.next({ data: { a: 1 } });
    await channel.complete([{ message: 'over' }]);
    const identity = { kind: 'subscription', id: 's-1', verifier: 'v-1' };
    expect(router.requests.map(({ message }) => message)).toEqual([
      { ...identity, action: 'check' },
      { ...identity, action: 'next', payload: { data: { a: 1 } } },
      { ...identity, action: 'complete', errors: [{ message: 'over' }] },
    ]);
    for (const { method, path, headers } of router.requests) {
      expect([method, path]).toEqual(['POST', '/callback/1']);
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'subscription-protocol': 'callback/1.0',
      });
      expect(Object.keys(headers).sort()).toEqual([
        'connection',
        'content-length',
        'content-type',
        'host',
        'subscription-protocol',
      ]);
    }
  });

  it('go in order over one connection, without waiting for responses once the router has taken one', async () => {
    const { channel } = openChannel();
    let atWork = 0;
    let most = 0;
    router.answerBy((_request, response) => {
      atWork += 1;
      most = Math.max(most, atWork);
      setTimeout(() => {
        atWork -= 1;
        response.writeHead(204).end();
      }, 5);
    });
    const events = Array.from({ length: 50 }, (_, index) => ({ data: { index } }));
    for (const event of events) await channel.next(event);
    await channel.complete();
    expect(router.messages('next').map(({ payload }) => payload)).toEqual(events);
    expect(router.messages().at(-1)?.action).toBe('complete');
    expect(new Set(router.requests.map(({ connection }) => connection)).size).toBe(1);
    expect(most).toBe(8);
  });

  it('end in a loss of order when one fails while later ones are on their way', async () => {
    const { channel, ended } = openChannel();
    await channel.next(0);
    let held: (() => void) | undefined;
    router.answerBy(({ message: { payload } }, response) => {
      const status = Object(payload) === payload || Number(payload) !== 1 ? 204 : 503;
      const answer = () => response.writeHead(status).end();
      if (status === 503) held = answer;
      else answer();
    });
    void channel.next(1);
    void channel.next(2);
    await router.until(() => router.messages().length === 3);
    held?.();
    expect(await ended).toBe('order_lost');
    await channel.complete([{ message: 'lost' }]);
    expect(router.messages().map(({ action, payload }) => payload ?? action)).toEqual([0, 1, 2, 'complete']);
  });

  it('are repeated after an error of the router, without changing their order', async () => {
    const { channel } = openChannel();
    const failures = [500, 503, 502];
    router.answerBy((_request, response) => response.writeHead(failures.pop() ?? 204).end());
    await Promise.all([channel.next(1), channel.next(2)]);
    await channel.complete();
    expect(router.messages('next').map(({ payload }) => payload)).toEqual([1, 1, 1, 1, 2]);
  });

  it('are repeated after an error of the router, also the last one', async () => {
    const { channel } = openChannel();
    const failures = [503, 500];
    router.answerBy((_request, response) => response.writeHead(failures.pop() ?? 204).end());
    await channel.complete([{ message: 'over' }]);
    expect(router.messages().map(({ action }) => action)).toEqual(['complete', 'complete', 'complete']);
    await channel.next(1);
    expect(router.messages('next')).toEqual([]);
  });

  it('have the whole timeout from when those before are answered', async () => {
    const timeoutMs = 1_000;
    const connection = createCallbackClient(timeoutMs).connect(new URL(router.origin));
    let before: Promise<unknown> = Promise.resolve();
    router.answerBy((_request, response) => {
      before = before.then(() => wait(0.4 * timeoutMs)).then(() => response.writeHead(204).end());
    });
    const start = performance.now();
    const statuses = await Promise.all([1, 2, 3].map(() => connection.post('{}', never)));
    expect(statuses).toEqual([204, 204, 204]);
    expect(performance.now() - start).toBeGreaterThan(timeoutMs);
    connection.close();
  });

  it.each([
    [404, 'router_left', 1],
    [410, 'router_left', 1],
    [400, 'router_refused', 1],
    [401, 'router_refused', 1],
    [429, 'router_refused', 1],
    [307, 'router_refused', 1],
    [500, 'router_unreachable', 6],
  ] as const)('end at status %i: %s', async (status, reason, attempts) => {
    const { channel, ended } = openChannel();
    router.answerBy((_request, response) => response.writeHead(status, { location: '/elsewhere' }).end());
    await Promise.all([channel.next(1), channel.next(2)]);
    expect(await ended).toBe(reason);
    expect(router.requests.map(({ path, message }) => [path, message.payload])).toEqual(
      Array.from({ length: attempts }, () => ['/callback/1', 1]),
    );
    await channel.complete();
    expect(router.messages('complete')).toEqual([]);
  });

  it('end when the router hangs', async () => {
    waitBriefly();
    const { channel, ended } = openChannel();
    router.answerBy(() => undefined);
    await channel.next(1);
    expect(await ended).toBe('router_unreachable');
    expect(router.requests).toHaveLength(6);
  });

  it('end when the router sends a response without an end', async () => {
    const { channel, ended } = openChannel();
    router.answerBy((_request, response) => {
      response.writeHead(200);
      response.write('a'.repeat(100_000));
    });
    await channel.next(1);
    expect(await ended).toBe('router_unreachable');
  });

  it('end when nothing listens', async () => {
    const { origin } = router;
    await router.stop();
    const { channel, ended } = openChannel(0, origin);
    await channel.next(1);
    expect(await ended).toBe('router_unreachable');
    router = await startCallbackRouter();
  });

  it('survive that the router closes an idle connection', async () => {
    const { channel } = openChannel();
    router.answerBy((_request, response) => {
      response.writeHead(204).end();
      setImmediate(() => response.socket?.destroy());
    });
    for (let event = 0; event < 5; event += 1) {
      await channel.next(event);
      await router.until(() => router.messages().some(({ payload }) => Number(payload) === event));
    }
    expect(new Set(router.messages().map(({ payload }) => payload))).toEqual(new Set([0, 1, 2, 3, 4]));
  });

  it.each([404, 500, 302, 400])(
    'are none but a single check when that is answered with %i',
    async (status) => {
      const { channel } = openChannel();
      router.answerBy((_request, response) => response.writeHead(status, { location: '/elsewhere' }).end());
      expect(await channel.check(never)).toBe(`the response had the status ${String(status)}`);
      expect(router.requests).toHaveLength(1);
    },
  );

  it('are none but a single check when the router hangs', async () => {
    waitBriefly();
    const { channel } = openChannel();
    router.answerBy(() => undefined);
    expect(await channel.check(never)).toBe('there was no response within 200 ms');
    expect(router.requests).toHaveLength(1);
  });

  it('can be stopped while the router hangs', async () => {
    const { channel } = openChannel();
    const given = new AbortController();
    router.answerBy(() => {
      given.abort();
    });
    expect(await channel.check(given.signal)).toMatch(/abort/);
    router.answerBy(() => {
      channel.close();
    });
    await channel.next(1);
    await channel.complete();
    expect(router.messages().map(({ action }) => action)).toEqual(['check', 'next']);
  });
});

/** A client whose messages are sent by this function. */
function clientOf(post: CallbackConnection['post']): CallbackClient {
  return { connect: () => ({ post, close: () => undefined }), close: () => undefined };
}

describe('A router', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  function sendOver(post: CallbackConnection['post']): jest.Mock {
    const target = { url: new URL('http://127.0.0.1/'), id: 's', verifier: 'v', heartbeatIntervalMs: 0 };
    const ended = jest.fn();
    const client = clientOf(post);
    void new CallbackChannel(client, target, DEFAULT_RETRIES, ended).next(1);
    return ended;
  }

  it('that hangs is given up within 45 seconds', async () => {
    let attempts = 0;
    const ended = sendOver(async () => {
      attempts += 1;
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      throw new Error('no response');
    });
    await jest.advanceTimersByTimeAsync(30_000);
    expect(ended).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(15_000);
    expect(ended).toHaveBeenCalledWith('router_unreachable');
    expect(attempts).toBe(6);
  });

  it('to which no connection gets free is given up within 45 seconds', async () => {
    const ended = sendOver((_body, signal) => once(signal, 'abort').then(() => 0));
    await jest.advanceTimersByTimeAsync(30_000);
    expect(ended).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(15_000);
    expect(ended.mock.calls).toEqual([['router_unreachable']]);
  });
});

describe('The heartbeat', () => {
  // The intervals are seconds; only the timers are replaced, and the client is one that answers at once.
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Counts the checks that are sent within a time. */
  async function checksWithin(ms: number, heartbeatIntervalMs: number, status = 204): Promise<number> {
    let checks = 0;
    const client = clientOf(() => {
      checks += 1;
      return Promise.resolve(status);
    });
    const target = { url: new URL('http://127.0.0.1/'), id: 's', verifier: 'v', heartbeatIntervalMs };
    const channel = new CallbackChannel(client, target, RETRIES, () => undefined);
    channel.startHeartbeat();
    await jest.advanceTimersByTimeAsync(ms);
    channel.close();
    await jest.advanceTimersByTimeAsync(ms);
    return checks;
  }

  it.each([
    ['at half of the interval', 10_000, 5_000, 4],
    ['as if the interval were a second when it is shorter', 2_000, 1, 4],
    ['as if the interval were a minute when it is longer', 120_000, 3_600_000, 4],
    ['not at all when there is no interval', 600_000, 0, 0],
  ])('comes %s', async (_, ms, intervalMs, checks) => {
    expect(await checksWithin(ms, intervalMs)).toBe(checks);
  });

  it('ends when the router does not know the subscription any more', async () => {
    expect(await checksWithin(60_000, 2_000, 404)).toBe(1);
  });
});
