import { once } from 'node:events';
import { createServer, get, type ServerResponse } from 'node:http';
import { connect } from 'node:net';

import { watchDisconnect } from '../../src/http/lifecycle/response-end';

describe('The signal of a disconnect', () => {
  const server = createServer();
  let origin: string;

  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    origin = `http://127.0.0.1:${String(typeof address === 'object' && address ? address.port : 0)}`;
  });

  afterAll(() => server.close());

  /** Sends a request, and returns its response on the server and a function that disconnects the client. */
  async function sendRequest(): Promise<{
    readonly response: ServerResponse;
    readonly disconnect: () => void;
  }> {
    const arrived = once(server, 'request') as Promise<[unknown, ServerResponse]>;
    const client = get(origin, { agent: false }, (incoming) => incoming.resume()).on(
      'error',
      () => undefined,
    );
    const [, response] = await arrived;
    return { response, disconnect: () => client.destroy() };
  }

  it('aborts when the client disconnects before the response', async () => {
    const { response, disconnect } = await sendRequest();
    const { signal } = watchDisconnect(response);
    expect(signal.aborted).toBe(false);
    disconnect();
    await once(signal, 'abort');
    expect(signal.aborted).toBe(true);
  });

  it('is aborted if the client had disconnected before the first use', async () => {
    const { response, disconnect } = await sendRequest();
    const client = watchDisconnect(response);
    disconnect();
    await once(response, 'close');
    expect(client.signal.aborted).toBe(true);
  });

  it('aborts when the client disconnects while its request waits behind another on the same connection', async () => {
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

  it('does not abort after a complete response, whenever it is first used', async () => {
    const { response } = await sendRequest();
    const [early, late] = [watchDisconnect(response), watchDisconnect(response)];
    const { signal } = early;
    response.end('body');
    await once(response, 'close');
    expect([signal.aborted, late.signal.aborted]).toEqual([false, false]);
  });
});
