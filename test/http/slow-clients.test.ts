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

  it('closes a connection that is opened and never used, and counts no request for it', async () => {
    expect(await textOf(client(''))).toBe('');
    const { samples } = await readMetrics(app.admin);
    const timedOut = samples.filter(({ labels }) =>
      /TIMEOUT|Timeout/.test(labels['outcome'] ?? labels['limit'] ?? ''),
    );
    expect(timedOut.length).toBeGreaterThan(0);
    expect(timedOut.filter(({ value }) => value > 0)).toEqual([]);
  });

  it('closes a connection that is not used again', async () => {
    const socket = client(request());
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^connection: keep-alive\r$/im);
    expect(answer.toString()).toMatch(/^keep-alive: timeout=\d+\r$/im);
    await once(socket, 'close');
    expect(socket.bytesRead).toBe(answer.length);
  });

  it.each([
    ['header', (socket: Socket) => socket.write('X-More: y\r\n')],
    ['body', (socket: Socket) => socket.write(' ')],
  ])('cuts off a client that sends its %s byte by byte', async (part, more) => {
    const whole = request('X-First: 1');
    const at = part === 'header' ? whole.indexOf('Content-Length') : whole.indexOf('\r\n\r\n') + 5;
    const socket = client(whole.slice(0, at).replace(/Content-Length: \d+/, 'Content-Length: 1000'));
    const crumbs = setInterval(() => more(socket), 20);
    const answer = await textOf(socket);
    clearInterval(crumbs);
    expect(answer).toMatch(/took too long/);
  });

  it('has no more of a header in memory than a few kilobytes, whatever it consists of', async () => {
    const fields = Array.from({ length: 5_000 }, (_, index) => `X-${String(index)}: ${'y'.repeat(50)}`);
    expect(await textOf(client(request(...fields)))).toMatch(/^HTTP\/1\.1 4\d\d .*too large/s);
  });
});

describe('An answer that is not read', () => {
  // How long it takes to send an answer depends on the machine; here no time passes but what the test lets pass.
  beforeEach(() => {
    jest.useFakeTimers({
      doNotFake: [
        'Date',
        'hrtime',
        'nextTick',
        'performance',
        'queueMicrotask',
        'setImmediate',
        'setInterval',
      ],
    });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each([
    ['is cut off', 'first'],
    ['is cut off, when its turn comes behind another', 'second'],
  ])('%s, and one that is read is not', async (_title, which) => {
    const server = fastify();
    closeUnreadResponses(server, 1_000);
    const long = 'x'.repeat(20_000_000);
    const sockets = new Map<string, Socket>();
    let unreadIsHandled: () => void = () => undefined;
    const handled = new Promise<void>((resolve) => (unreadIsHandled = resolve));
    let unreadHasItsTurn: () => void = () => undefined;
    const turn = new Promise<void>((resolve) => (unreadHasItsTurn = resolve));
    let unreadIsOver: () => void = () => undefined;
    const over = new Promise<void>((resolve) => (unreadIsOver = resolve));
    let letFirstGo: () => void = () => undefined;
    const firstMayGo = new Promise<void>((resolve) => (letFirstGo = resolve));
    server.addHook('onSend', ({ url }, { raw }, payload, done) => {
      if (url === '/unread') {
        unreadIsHandled();
        if (raw.socket) unreadHasItsTurn();
        else raw.once('socket', unreadHasItsTurn);
      }
      done(null, payload);
    });
    server.get<{ Params: { name: string } }>(
      '/:name',
      async ({ params: { name }, raw: { socket } }, reply) => {
        sockets.set(name, socket);
        if (name === 'unread') reply.raw.once('close', unreadIsOver);
        if (name === 'slow') await firstMayGo;
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
    const whyWasCut = (name: string) => {
      const socket = sockets.get(name);
      if (!socket) throw new Error(`nothing was asked for ${name}`);
      return closeReasonOf(socket);
    };

    const unread = open(which === 'first' ? get('unread') : get('slow') + get('unread')).pause();
    await handled;
    // It waits longer for its turn than it may take to be read.
    if (which === 'second') jest.advanceTimersByTime(1_200);
    expect(whyWasCut('unread')).toBeUndefined();
    letFirstGo();
    await turn;
    const reader = open(get('read').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    jest.advanceTimersByTime(999);
    expect(whyWasCut('unread')).toBeUndefined();
    expect((await textOf(reader)).length).toBeGreaterThan(long.length);
    jest.advanceTimersByTime(1);
    await over;
    const gone = once(unread, 'close');
    unread.resume();
    await gone;
    expect(unread.bytesRead).toBeLessThan(long.length);
    jest.advanceTimersByTime(1_000);
    // The log says whose doing it was.
    expect(whyWasCut('unread')).toBe('ANSWER_NOT_TAKEN');
    expect(whyWasCut('read')).toBeUndefined();
    await server.close();
  });
});
