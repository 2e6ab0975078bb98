import { once } from 'node:events';
import { createServer, get, type ServerResponse } from 'node:http';
import { connect } from 'node:net';

import { watchDisconnect } from '../../src/http/lifecycle/response-end';

describe('A client that waits', () => {
  const server = createServer();
  let origin: string;

  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    origin = `http://127.0.0.1:${String(typeof address === 'object' && address ? address.port : 0)}`;
  });

  afterAll(() => server.close());

  /** A request that arrived, and a way for its sender to go away. */
  async function askedBy(): Promise<{ readonly response: ServerResponse; readonly leave: () => void }> {
    const arrived = once(server, 'request') as Promise<[unknown, ServerResponse]>;
    const client = get(origin, { agent: false }, (answer) => answer.resume()).on('error', () => undefined);
    const [, response] = await arrived;
    return { response, leave: () => client.destroy() };
  }

  it('aborts when it goes away before its answer', async () => {
    const { response, leave } = await askedBy();
    const { signal } = watchDisconnect(response);
    expect(signal.aborted).toBe(false);
    leave();
    await once(signal, 'abort');
    expect(signal.aborted).toBe(true);
  });

  it('has aborted when it went away before anybody asked', async () => {
    const { response, leave } = await askedBy();
    const client = watchDisconnect(response);
    leave();
    await once(response, 'close');
    expect(client.signal.aborted).toBe(true);
  });

  it('aborts when it goes away while its request waits behind another on its connection', async () => {
    const responses: ServerResponse[] = [];
    const bothArrived = new Promise<void>((resolve) => {
      server.on('request', (_request, response: ServerResponse) => {
        if (responses.push(response) === 2) resolve();
      });
    });
    const { port, hostname } = new URL(origin);
    const socket = connect({ port: Number(port), host: hostname });
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2));
    await bothArrived;
    server.removeAllListeners('request');
    const signals = responses.map((response) => watchDisconnect(response).signal);
    socket.destroy();
    await Promise.all(signals.map(async (signal) => signal.aborted || once(signal, 'abort')));
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  it('does not abort once it has its answer, whenever it is asked for', async () => {
    const { response } = await askedBy();
    const [early, late] = [watchDisconnect(response), watchDisconnect(response)];
    const { signal } = early;
    response.end('answer');
    await once(response, 'close');
    expect([signal.aborted, late.signal.aborted]).toEqual([false, false]);
  });
});
