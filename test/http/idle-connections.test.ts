import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';

import { startApp, type RunningApp } from '../support/app';

const REQUEST_MS = 200;
/** The server closes an idle connection one second later than it announces. */
const CLOSED_AFTER_MS = 1_000;

const PORTS = [
  ({ url }: RunningApp) => url,
  ({ protonEndpoint = '' }: RunningApp) => protonEndpoint,
  ({ admin = '' }: RunningApp) => `${admin}/health/live`,
];

describe('An idle connection', () => {
  let app: RunningApp;
  const clients: Socket[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await app.stop();
  });

  async function start(keepAliveMs: number): Promise<void> {
    app = await startApp({
      REQUEST_TIMEOUT_MS: String(REQUEST_MS),
      KEEP_ALIVE_TIMEOUT_MS: String(keepAliveMs),
    });
  }

  /** Runs the exercise on a connection to each port, at the same time. */
  async function onEveryPort(exercise: (socket: Socket, request: string) => Promise<void>): Promise<void> {
    await Promise.all(
      PORTS.map(async (urlOf) => {
        const { port, hostname, pathname } = new URL(urlOf(app));
        const socket = connect({ port: Number(port), host: hostname });
        socket.on('error', () => undefined);
        clients.push(socket);
        await once(socket, 'connect');
        await exercise(socket, `GET ${pathname} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      }),
    );
  }

  it('may be open for a long time before its first request', async () => {
    await start(3_600_000);
    await onEveryPort(async (socket, request) => {
      await wait(5 * REQUEST_MS);
      expect(socket.destroyed).toBe(false);
      socket.write(request);
      const [response] = (await once(socket, 'data')) as [Buffer];
      expect(response.toString()).toMatch(/^HTTP\/1\.1 [24]0\d /);
      expect(response.toString()).not.toMatch(/too long/);
    });
  });

  it('is closed without a response when it was idle for too long', async () => {
    await start(2 * REQUEST_MS);
    await onEveryPort(async (socket) => {
      const since = performance.now();
      expect(await textOf(socket)).toBe('');
      expect(performance.now() - since).toBeGreaterThanOrEqual(2 * REQUEST_MS + CLOSED_AFTER_MS - 50);
    });
  });

  it('gives its first header as much time as any other', async () => {
    await start(3_600_000);
    await onEveryPort(async (socket) => {
      await wait(3 * REQUEST_MS);
      const since = performance.now();
      const bytes = setInterval(() => socket.write('x'), 20);
      socket.write('POST /');
      const response = await textOf(socket);
      clearInterval(bytes);
      expect(response).toMatch(/^HTTP\/1\.1 40[08] /);
      expect(performance.now() - since).toBeGreaterThanOrEqual(REQUEST_MS);
    });
  });

  it.each([
    ['before its first request', false],
    ['after a request', true],
  ])('is not kept open by empty lines %s', async (_title, isUsed) => {
    await start(REQUEST_MS);
    await onEveryPort(async (socket, request) => {
      if (isUsed) {
        socket.write(request);
        await once(socket, 'data');
      }
      const lines = setInterval(() => socket.write('\r\n'), 20);
      await once(socket.resume(), 'close');
      clearInterval(lines);
      expect(socket.destroyed).toBe(true);
    });
  });

  it('does not delay a stop', async () => {
    await start(3_600_000);
    await onEveryPort(async (socket) => {
      await wait(2 * REQUEST_MS);
      socket.resume();
    });
    expect(await app.stop()).toBe(0);
  });
});
