import dns from 'node:dns';
import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { text as textOf } from 'node:stream/consumers';

import { pino } from 'pino';

import type { AwsResponse } from '../../src/aws-api/messages';
import { NO_AUTHENTICATION } from '../../src/authentication/authentication';
import { createAwsApi } from '../../src/aws-api/aws-api';
import { createAwsServer } from '../../src/http/aws-server';
import type { Address } from '../../src/http/lifecycle/listen';
import { DEFAULT_TIMING, type ServerTiming } from '../../src/http/lifecycle/server-options';
import { readConfig } from '../../src/config/config';
import { createGraphqlServer } from '../../src/http/graphql-server';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { createContext } from '../../src/subgraph/context';
import { createControlPlane } from '../support/proton';

interface Options {
  readonly timing?: Partial<ServerTiming>;
  readonly address?: Address;
}

/** A server that holds its requests until they are released. */
interface HoldingServer {
  /** Resolves with the server's URL. */
  readonly start: () => Promise<string>;
  readonly stop: () => Promise<number>;
  /** Resolves when that many requests have arrived. */
  readonly arrived: (count: number) => Promise<void>;
  /** Lets all requests proceed, later ones too. */
  readonly release: () => void;
}

/** Counts and holds requests. */
function createGate() {
  let count = 0;
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const waiting: (() => void)[] = [];
  return {
    async pass() {
      count += 1;
      for (const check of waiting) check();
      await opened;
    },
    open: () => {
      open();
    },
    arrived: (expected: number) =>
      new Promise<void>((resolve) => {
        const check = () => {
          if (count >= expected) resolve();
        };
        waiting.push(check);
        check();
      }),
  };
}

const ANYWHERE: Address = { host: '127.0.0.1', port: 0 };
const onFault = (error: unknown) => {
  throw new Error('the server reported a fault', { cause: error });
};

function holdingAwsServer({ timing, address = ANYWHERE }: Options): HoldingServer {
  const { service } = createControlPlane();
  const gate = createGate();
  const api = createAwsApi({
    service,
    authenticate: () => Promise.reject(new Error('authenticate must not be called')),
    reportFault: onFault,
  });
  const handle = async (): Promise<AwsResponse> => {
    await gate.pass();
    return { status: 200, headers: {}, body: '"done"' };
  };
  const server = createAwsServer({
    address,
    api: { ...api, handle },
    reportFault: onFault,
    timing: { ...DEFAULT_TIMING, ...timing },
  });
  return { start: server.start, stop: server.stop, arrived: gate.arrived, release: gate.open };
}

const defaults = readConfig({});

function holdingGraphqlServer({ timing, address = ANYWHERE }: Options): HoldingServer {
  const { service } = createControlPlane();
  const gate = createGate();
  const server = createGraphqlServer({
    address,
    introspectionEnabled: false,
    logger: pino({ level: 'silent' }),
    reportFault: onFault,
    authentication: NO_AUTHENTICATION,
    limits: defaults.limits,
    executionMs: defaults.timing.executionMs,
    timing: { ...DEFAULT_TIMING, ...timing },
    async contextFor(_request, client) {
      await gate.pass();
      return createContext(service, unrestrictedViewer('anonymous'), onFault, client);
    },
  });
  return { start: server.start, stop: server.stop, arrived: gate.arrived, release: gate.open };
}

const SERVERS = [
  {
    name: 'The AWS server',
    create: holdingAwsServer,
    path: '/',
    done: /\r\n\r\n"done"$/,
    timeout:
      /^HTTP\/1\.1 400 .*#RequestTimeoutException","message":"The request took too long to arrive\."\}$/s,
    malformed: /^HTTP\/1\.1 400 .*#SerializationException","message":"[^"]+"\}$/s,
    headerTooLarge:
      /^HTTP\/1\.1 400 .*#SerializationException","message":"[^"]* its header is too large\."\}$/s,
    tinyChunks:
      /^HTTP\/1\.1 400 .*#SerializationException","message":"The body comes in too many tiny pieces\."\}$/s,
  },
  {
    name: 'The GraphQL server',
    create: holdingGraphqlServer,
    path: '/graphql',
    done: /\r\n\r\n\{"data":\{"__typename":"Query"\}\}\n?$/,
    timeout:
      /^HTTP\/1\.1 408 Request Timeout\r\n.*"message":"The request took too long to arrive\.","extensions":\{"code":"REQUEST_TIMEOUT"\}\}\]\}$/s,
    malformed: /^HTTP\/1\.1 400 .*"code":"BAD_REQUEST"\}\}\]\}$/s,
    headerTooLarge: /^HTTP\/1\.1 431 .*"code":"BAD_REQUEST"\}\}\]\}$/s,
    tinyChunks:
      /^HTTP\/1\.1 400 .*"message":"The body comes in too many tiny pieces\.","extensions":\{"code":"BAD_REQUEST"\}\}\]\}$/s,
  },
] as const;

/** Makes `localhost` resolve to these addresses, with both of Node's APIs. Returns a function that restores them. */
function mockLocalhost(...addresses: readonly string[]): () => void {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  const promiseLookup = jest
    .spyOn(dns.promises, 'lookup')
    .mockImplementation((() => Promise.resolve(all)) as never);
  type Callback = (error: null, ...found: unknown[]) => void;
  const callbackLookup = jest.spyOn(dns, 'lookup').mockImplementation((host: string, ...more: unknown[]) => {
    const callback = more.pop() as Callback;
    const [options] = more as [dns.LookupOptions | undefined];
    process.nextTick(() => {
      const found = host === 'localhost' ? all : [{ address: host, family: isIP(host) }];
      // Node 22 asks for all addresses when a server listens.
      if (options?.all) callback(null, found);
      else if (host === 'localhost') callback(null, '127.0.0.1', 4);
      else callback(null, host, isIP(host));
    });
  });
  return () => {
    promiseLookup.mockRestore();
    callbackLookup.mockRestore();
  };
}

const BODY = '{"query":"{ __typename }"}';
const head = (path: string, ...fields: readonly string[]) =>
  [`POST ${path} HTTP/1.1`, 'Host: x', 'Content-Type: application/json', ...fields].join('\r\n');
const request = (path: string) => `${head(path, `Content-Length: ${String(BODY.length)}`)}\r\n\r\n${BODY}`;
/** The number of responses in the bytes of a connection. */
const responsesIn = (bytes: string) => bytes.split('HTTP/1.1 ').length - 1;

describe.each(SERVERS)('$name', ({ create, path, done, timeout, malformed, headerTooLarge, tinyChunks }) => {
  let server: HoldingServer;
  let origin: URL;
  const clients: Socket[] = [];

  async function start(options: Options = {}): Promise<void> {
    server = create(options);
    origin = new URL(await server.start());
  }

  afterEach(async () => {
    server.release();
    for (const client of clients.splice(0)) client.destroy();
    await server.stop();
  });

  /** Sends the bytes and keeps the client's side of the connection open. */
  function client(bytes: string, host = origin.hostname): Socket {
    const socket = connect({ port: Number(origin.port), host, allowHalfOpen: true });
    clients.push(socket);
    socket.write(bytes);
    return socket;
  }

  it.each([
    ['header', () => 'POST '],
    ['header’s end', () => `${head(path)}\r\nX-More: `],
    ['body', () => `${head(path, 'Content-Length: 10')}\r\n\r\n{`],
    ['last chunk', () => `${head(path, 'Transfer-Encoding: chunked')}\r\n\r\n1\r\n{\r\n`],
  ])('responds with a timeout error when the %s does not arrive in time', async (_title, bytes) => {
    await start({ timing: { headerMs: 100, requestMs: 200 } });
    expect(await textOf(client(bytes()))).toMatch(timeout);
  });

  it('gives a body more time than a header', async () => {
    await start({ timing: { headerMs: 50, requestMs: 60_000 } });
    server.release();
    const [slow, slower] = [client(request(path).slice(0, -1)), client('POST ')];
    // The client with half a header times out meanwhile.
    await textOf(slower);
    slow.write(BODY.slice(-1));
    const [response] = (await once(slow, 'data')) as [Buffer];
    expect(response.toString()).toMatch(done);
  });

  it('closes the connection of a client that keeps sending after an error response', async () => {
    await start();
    const socket = client('nonsense\r\n\r\n').resume();
    await once(socket, 'end');
    const timer = setInterval(() => socket.write('more nonsense\r\n'), 20);
    const [error] = (await once(socket, 'error')) as [unknown];
    clearInterval(timer);
    expect(error).toMatchObject({ code: expect.stringMatching(/EPIPE|ECONNRESET/) as unknown });
  });

  it.each([
    ['bytes that are not HTTP', '\0\r\n\r\n'],
    ['half a request', 'POST / HT\r\n\r\n'],
    ['a CONNECT request', 'CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n'],
    ['a request with malformed chunks', `${head(path, 'Transfer-Encoding: chunked')}\r\n\r\nzz\r\n`],
  ])('sends the response to a request, and no other, when %s follow', async (_title, bytes) => {
    await start();
    const socket = client(request(path) + bytes);
    await server.arrived(1);
    socket.write('and more of it\r\n\r\n');
    server.release();
    const response = await textOf(socket);
    expect(response).toMatch(/^HTTP\/1\.1 200 /);
    expect(response).toMatch(done);
    expect(responsesIn(response)).toBe(1);
  });

  it('responds to malformed HTTP once, after the earlier response', async () => {
    await start();
    server.release();
    const socket = client(request(path));
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString()).toMatch(done);
    socket.write('\0\r\n\r\n');
    expect(await textOf(socket)).toMatch(malformed);
  });

  it('lets a client with a huge header read the error', async () => {
    await start();
    const bytes = head(path, `X-Note: ${'x'.repeat(8_000_000)}`);
    expect(await textOf(client(bytes))).toMatch(headerTooLarge);
  });

  it('adds nothing to an early response when the body is malformed', async () => {
    await start();
    server.release();
    const socket = client('GET /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const [response] = (await once(socket, 'data')) as [Buffer];
    expect(responsesIn(response.toString())).toBe(1);
    socket.write('zz\r\n');
    expect(await textOf(socket)).toBe('');
  });

  it('responds to a malformed body', async () => {
    await start();
    const bytes = `${head(path, 'Transfer-Encoding: chunked')}\r\n\r\nzz\r\n`;
    const response = await textOf(client(bytes));
    expect(response).toMatch(malformed);
    expect(responsesIn(response)).toBe(1);
  });

  it('rejects a body in tiny chunks before it ends, and closes the connection', async () => {
    await start();
    const chunks = '1\r\n \r\n'.repeat(4097);
    const response = await textOf(client(`${head(path, 'Transfer-Encoding: chunked')}\r\n\r\n${chunks}`));
    expect(response).toMatch(tinyChunks);
    expect(response).toMatch(/^connection: close\r$/m);
  });

  it('responds to an active request while it stops', async () => {
    await start();
    const socket = client(request(path));
    await server.arrived(1);
    const stopped = server.stop();
    server.release();
    const response = await textOf(socket);
    expect(response).toMatch(done);
    expect(response).toMatch(/^connection: close\r$/m);
    socket.end();
    await stopped;
  });

  it('responds to further requests on idle connections for a moment after the stop began, then closes the connections', async () => {
    await start();
    server.release();
    const [active, idle] = [client(request(path)), client(request(path))];
    for (const socket of [active, idle]) await once(socket, 'data');
    // From here the test controls the server's time.
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
    try {
      const stopped = server.stop();
      active.write(request(path));
      const [last] = (await once(active, 'data')) as [Buffer];
      expect(last.toString()).toMatch(done);
      expect(last.toString()).toMatch(/^connection: close\r$/m);
      const closed = once(idle, 'end');
      jest.advanceTimersByTime(200);
      await closed;
      for (const socket of [active, idle]) socket.end();
      await stopped;
    } finally {
      jest.useRealTimers();
    }
  });

  it('cuts off a request that takes longer than the grace period', async () => {
    await start({ timing: { stopGraceMs: 50 } });
    const socket = client(request(path)).on('error', () => undefined);
    await server.arrived(1);
    const closed = once(socket, 'close');
    const stopped = server.stop();
    socket.resume().once('end', () => socket.end());
    await closed;
    await stopped;
    expect(socket.bytesRead).toBe(0);
  });

  it('listens on the IPv4 address of localhost only', async () => {
    const restore = mockLocalhost('::1', '127.0.0.1', '127.0.0.2');
    try {
      await start({ address: { host: 'localhost', port: 0 } });
    } finally {
      restore();
    }
    expect(origin.hostname).toBe('localhost');
    server.release();
    const [response] = (await once(client(request(path), '127.0.0.1'), 'data')) as [Buffer];
    expect(response.toString()).toMatch(done);
    await expect(once(client('', '127.0.0.2'), 'connect')).rejects.toThrow('ECONNREFUSED');
  });

  it('reports an unknown host name', async () => {
    server = create({ address: { host: 'no-such-host.invalid', port: 0 } });
    await expect(server.start()).rejects.toThrow(
      /^Can't listen on \w*HOST no-such-host\.invalid, \w*PORT 0: (no such host name is known|the host name can't be looked up now)\. Set \w*HOST to an address\.$/,
    );
  });
});
