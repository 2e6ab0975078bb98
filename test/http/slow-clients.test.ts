import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text as textOf } from 'node:stream/consumers';

import fastify from 'fastify';

import { closeReasonOf } from '../../src/http/lifecycle/close-socket';
import { closeUnreadResponses } from '../../src/http/lifecycle/connections';
import { startApp, type RunningApp } from '../support/app';
import { readMetrics } from '../support/metrics';

const QUERY = '{"query":"{ __typename }"}';

describe.each(['graphql', 'proton'] as const)('The %s server', (name) => {
  let app: RunningApp;
  let url: URL;
  const clients: Socket[] = [];

  beforeAll(async () => {
    app = await startApp({ REQUEST_TIMEOUT_MS: '200', KEEP_ALIVE_TIMEOUT_MS: '100' });
    url = new URL((name === 'graphql' ? app.url : app.protonEndpoint) ?? '');
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await app.stop();
  });

  function client(bytes: string): Socket {
    const socket = connect({ port: Number(url.port), host: url.hostname });
    clients.push(socket);
    socket.on('error', () => undefined);
    socket.write(bytes);
    return socket;
  }

  const request = (...fields: readonly string[]) =>
    [
      `POST ${url.pathname} HTTP/1.1`,
      `Host: ${url.host}`,
      'Content-Type: application/json',
      ...fields,
      `Content-Length: ${String(QUERY.length)}`,
      '',
      QUERY,
    ].join('\r\n');

  it('closes a connection that is never used, and counts no request for it', async () => {
    expect(await textOf(client(''))).toBe('');
    const { samples } = await readMetrics(app.admin);
    const timedOut = samples.filter(({ labels }) =>
      /TIMEOUT|Timeout/.test(labels['outcome'] ?? labels['limit'] ?? ''),
    );
    expect(timedOut.length).toBeGreaterThan(0);
    expect(timedOut.filter(({ value }) => value > 0)).toEqual([]);
  });

  it('closes a connection that is idle after a request', async () => {
    const socket = client(request());
    const [response] = (await once(socket, 'data')) as [Buffer];
    expect(response.toString()).toMatch(/^connection: keep-alive\r$/im);
    expect(response.toString()).toMatch(/^keep-alive: timeout=\d+\r$/im);
    await once(socket, 'close');
    expect(socket.bytesRead).toBe(response.length);
  });

  it.each([
    ['header', (socket: Socket) => socket.write('X-More: y\r\n')],
    ['body', (socket: Socket) => socket.write(' ')],
  ])('times out when a client sends its %s byte by byte', async (part, more) => {
    const whole = request('X-First: 1');
    const at = part === 'header' ? whole.indexOf('Content-Length') : whole.indexOf('\r\n\r\n') + 5;
    const socket = client(whole.slice(0, at).replace(/Content-Length: \d+/, 'Content-Length: 1000'));
    const timer = setInterval(() => more(socket), 20);
    const response = await textOf(socket);
    clearInterval(timer);
    expect(response).toMatch(/took too long/);
  });

  it('rejects a header of more than a few kilobytes, however many fields it has', async () => {
    const fields = Array.from({ length: 5_000 }, (_, index) => `X-${String(index)}: ${'y'.repeat(50)}`);
    expect(await textOf(client(request(...fields)))).toMatch(/^HTTP\/1\.1 4\d\d .*too large/s);
  });
});

describe('A response that is not read', () => {
  // How long sending a response takes depends on the machine. The test controls the time.
  beforeEach(() => {
    jest.useFakeTimers({
      doNotFake: ['Date', 'hrtime', 'nextTick', 'queueMicrotask', 'setImmediate', 'setInterval'],
    });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each([
    ['is cut off', 'first'],
    ['is cut off after it waited behind another response', 'second'],
  ])('%s, unlike one that is read', async (_title, which) => {
    const server = fastify();
    closeUnreadResponses(server, 1_000);
    const long = 'x'.repeat(20_000_000);
    const sockets = new Map<string, Socket>();
    let onUnreadSent: () => void = () => undefined;
    const unreadSent = new Promise<void>((resolve) => (onUnreadSent = resolve));
    let onUnreadTurn: () => void = () => undefined;
    const unreadTurn = new Promise<void>((resolve) => (onUnreadTurn = resolve));
    let onUnreadClosed: () => void = () => undefined;
    const unreadClosed = new Promise<void>((resolve) => (onUnreadClosed = resolve));
    let releaseSlow: () => void = () => undefined;
    const slowReleased = new Promise<void>((resolve) => (releaseSlow = resolve));
    server.addHook('onSend', ({ url }, { raw }, payload, done) => {
      if (url === '/unread') {
        onUnreadSent();
        if (raw.socket) onUnreadTurn();
        else raw.once('socket', onUnreadTurn);
      }
      done(null, payload);
    });
    server.get<{ Params: { name: string } }>(
      '/:name',
      async ({ params: { name }, raw: { socket } }, reply) => {
        sockets.set(name, socket);
        if (name === 'unread') reply.raw.once('close', onUnreadClosed);
        if (name === 'slow') await slowReleased;
        return name === 'slow' ? 'x' : long;
      },
    );
    const { port } = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
    const open = (bytes: string) => {
      const socket = connect({ port: Number(port), host: '127.0.0.1' });
      socket.on('error', () => undefined);
      socket.write(bytes);
      return socket;
    };
    const get = (name: string) => `GET /${name} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const closeReason = (name: string) => {
      const socket = sockets.get(name);
      if (!socket) throw new Error(`there was no request for ${name}`);
      return closeReasonOf(socket);
    };

    const unread = open(which === 'first' ? get('unread') : get('slow') + get('unread')).pause();
    await unreadSent;
    // The time before its turn does not count.
    if (which === 'second') jest.advanceTimersByTime(1_200);
    expect(closeReason('unread')).toBeUndefined();
    releaseSlow();
    await unreadTurn;
    const reader = open(get('read').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    jest.advanceTimersByTime(999);
    expect(closeReason('unread')).toBeUndefined();
    expect((await textOf(reader)).length).toBeGreaterThan(long.length);
    jest.advanceTimersByTime(1);
    await unreadClosed;
    const closed = once(unread, 'close');
    unread.resume();
    await closed;
    expect(unread.bytesRead).toBeLessThan(long.length);
    jest.advanceTimersByTime(1_000);
    // The log reports that the server closed the connection.
    expect(closeReason('unread')).toBe('ANSWER_NOT_TAKEN');
    expect(closeReason('read')).toBeUndefined();
    await server.close();
  });
});
