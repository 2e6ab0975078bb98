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

/** A server whose requests are held until they are let go. */
interface HoldingServer {
  /** As in `http://127.0.0.1:40000`, and a path where there is one. */
  readonly start: () => Promise<string>;
  readonly stop: () => Promise<number>;
  /** Resolves when that many requests have come to be answered. */
  readonly asked: (count: number) => Promise<void>;
  /** Has all requests answered, those to come too. */
  readonly letGo: () => void;
}

/** Counts requests, and holds them. */
function createGate() {
  let count = 0;
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const waiting: (() => void)[] = [];
  return {
    async pass() {
      count += 1;
      for (const tell of waiting) tell();
      await opened;
    },
    open: () => {
      open();
    },
    asked: (expected: number) =>
      new Promise<void>((resolve) => {
        const tell = () => {
          if (count >= expected) resolve();
        };
        waiting.push(tell);
        tell();
      }),
  };
}

const ANYWHERE: Address = { host: '127.0.0.1', port: 0 };
const onFault = (error: unknown) => {
  throw new Error('the server reported a fault', { cause: error });
};

function holdingEndpoint({ timing, address = ANYWHERE }: Options): HoldingServer {
  const { service } = createControlPlane();
  const gate = createGate();
  const endpoint = createAwsApi({
    service,
    authenticate: () => Promise.reject(new Error('nobody is asked')),
    reportFault: onFault,
  });
  const handle = async (): Promise<AwsResponse> => {
    await gate.pass();
    return { status: 200, headers: {}, body: '"done"' };
  };
  const server = createAwsServer({
    address,
    api: { ...endpoint, handle },
    reportFault: onFault,
    timing: { ...DEFAULT_TIMING, ...timing },
  });
  return { start: server.start, stop: server.stop, asked: gate.asked, letGo: gate.open };
}

const usual = readConfig({});

function holdingWebServer({ timing, address = ANYWHERE }: Options): HoldingServer {
  const { service } = createControlPlane();
  const gate = createGate();
  const server = createGraphqlServer({
    address,
    introspectionEnabled: false,
    logger: pino({ level: 'silent' }),
    reportFault: onFault,
    authentication: NO_AUTHENTICATION,
    limits: usual.limits,
    executionMs: usual.timing.executionMs,
    timing: { ...DEFAULT_TIMING, ...timing },
    async contextFor(_request, client) {
      await gate.pass();
      return createContext(service, unrestrictedViewer('anonymous'), onFault, client);
    },
  });
  return { start: server.start, stop: server.stop, asked: gate.asked, letGo: gate.open };
}

const SERVERS = [
  {
    name: 'The endpoint’s server',
    create: holdingEndpoint,
    path: '/',
    done: /\r\n\r\n"done"$/,
    timeout:
      /^HTTP\/1\.1 400 .*#RequestTimeoutException","message":"The request took too long to arrive\."\}$/s,
    broken: /^HTTP\/1\.1 400 .*#SerializationException","message":"[^"]+"\}$/s,
    tooMuch: /^HTTP\/1\.1 400 .*#SerializationException","message":"[^"]* its header is too large\."\}$/s,
    crumbs:
      /^HTTP\/1\.1 400 .*#SerializationException","message":"The body comes in too many tiny pieces\."\}$/s,
  },
  {
    name: 'The web server',
    create: holdingWebServer,
    path: '/graphql',
    done: /\r\n\r\n\{"data":\{"__typename":"Query"\}\}\n?$/,
    timeout:
      /^HTTP\/1\.1 408 Request Timeout\r\n.*"message":"The request took too long to arrive\.","extensions":\{"code":"REQUEST_TIMEOUT"\}\}\]\}$/s,
    broken: /^HTTP\/1\.1 400 .*"code":"BAD_REQUEST"\}\}\]\}$/s,
    tooMuch: /^HTTP\/1\.1 431 .*"code":"BAD_REQUEST"\}\}\]\}$/s,
    crumbs:
      /^HTTP\/1\.1 400 .*"message":"The body comes in too many tiny pieces\.","extensions":\{"code":"BAD_REQUEST"\}\}\]\}$/s,
  },
] as const;

/** For as long as it is not restored, this machine has these addresses by that name, whichever way they are asked for. */
function pretendLocalhostIs(...addresses: readonly string[]): () => void {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  const promised = jest
    .spyOn(dns.promises, 'lookup')
    .mockImplementation((() => Promise.resolve(all)) as never);
  type Tell = (error: null, ...found: unknown[]) => void;
  const called = jest.spyOn(dns, 'lookup').mockImplementation((host: string, ...more: unknown[]) => {
    const tell = more.pop() as Tell;
    const [options] = more as [dns.LookupOptions | undefined];
    process.nextTick(() => {
      if (host === 'localhost' && options?.all) tell(null, all);
      else if (host === 'localhost') tell(null, '127.0.0.1', 4);
      else tell(null, host, isIP(host));
    });
  });
  return () => {
    promised.mockRestore();
    called.mockRestore();
  };
}

const BODY = '{"query":"{ __typename }"}';
const head = (path: string, ...fields: readonly string[]) =>
  [`POST ${path} HTTP/1.1`, 'Host: x', 'Content-Type: application/json', ...fields].join('\r\n');
const request = (path: string) => `${head(path, `Content-Length: ${String(BODY.length)}`)}\r\n\r\n${BODY}`;
/** How many answers there are in what a connection carried. */
const answersIn = (bytes: string) => bytes.split('HTTP/1.1 ').length - 1;

describe.each(SERVERS)('$name', ({ create, path, done, timeout, broken, tooMuch, crumbs }) => {
  let server: HoldingServer;
  let origin: URL;
  const clients: Socket[] = [];

  async function start(options: Options = {}): Promise<void> {
    server = create(options);
    origin = new URL(await server.start());
  }

  afterEach(async () => {
    server.letGo();
    for (const client of clients.splice(0)) client.destroy();
    await server.stop();
  });

  /** A client that sends what it is told to, and does not close its side of the connection. */
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
  ])('answers that it took too long, where the %s does not come in time', async (_title, bytes) => {
    await start({ timing: { headerMs: 100, requestMs: 200 } });
    expect(await textOf(client(bytes()))).toMatch(timeout);
  });

  it('gives a body longer than a header', async () => {
    await start({ timing: { headerMs: 50, requestMs: 60_000 } });
    server.letGo();
    const [slow, slower] = [client(request(path).slice(0, -1)), client('POST ')];
    // The one with half a header is cut off meanwhile.
    await textOf(slower);
    slow.write(BODY.slice(-1));
    const [answer] = (await once(slow, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(done);
  });

  it('lets go of a client that goes on, though it was told what is wrong', async () => {
    await start();
    const socket = client('nonsense\r\n\r\n').resume();
    await once(socket, 'end');
    const goingOn = setInterval(() => socket.write('more nonsense\r\n'), 20);
    const [error] = (await once(socket, 'error')) as [unknown];
    clearInterval(goingOn);
    expect(error).toMatchObject({ code: expect.stringMatching(/EPIPE|ECONNRESET/) as unknown });
  });

  it.each([
    ['bytes that are no HTTP', '\0\r\n\r\n'],
    ['half a request', 'POST / HT\r\n\r\n'],
    ['a request for a tunnel', 'CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n'],
    ['a request with a body in broken chunks', `${head(path, 'Transfer-Encoding: chunked')}\r\n\r\nzz\r\n`],
  ])('answers a request with its own answer and no other, when %s follow', async (_title, bytes) => {
    await start();
    const socket = client(request(path) + bytes);
    await server.asked(1);
    socket.write('and more of it\r\n\r\n');
    server.letGo();
    const answer = await textOf(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toMatch(done);
    expect(answersIn(answer)).toBe(1);
  });

  it('answers what is broken once, after what came before it has been answered', async () => {
    await start();
    server.letGo();
    const socket = client(request(path));
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString()).toMatch(done);
    socket.write('\0\r\n\r\n');
    expect(await textOf(socket)).toMatch(broken);
  });

  it('lets a client that sends on beyond all measure read what is wrong', async () => {
    await start();
    const bytes = head(path, `X-Note: ${'x'.repeat(8_000_000)}`);
    expect(await textOf(client(bytes))).toMatch(tooMuch);
  });

  it('adds nothing to an answer that did not wait for the body, when that is broken', async () => {
    await start();
    server.letGo();
    const socket = client('GET /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answersIn(answer.toString())).toBe(1);
    socket.write('zz\r\n');
    expect(await textOf(socket)).toBe('');
  });

  it('answers a body that is broken on its way', async () => {
    await start();
    const bytes = `${head(path, 'Transfer-Encoding: chunked')}\r\n\r\nzz\r\n`;
    const answer = await textOf(client(bytes));
    expect(answer).toMatch(broken);
    expect(answersIn(answer)).toBe(1);
  });

  it('refuses a body in tiny chunks before it ends, and closes the connection', async () => {
    await start();
    const chunks = '1\r\n \r\n'.repeat(4097);
    const answer = await textOf(client(`${head(path, 'Transfer-Encoding: chunked')}\r\n\r\n${chunks}`));
    expect(answer).toMatch(crumbs);
    expect(answer).toMatch(/^connection: close\r$/m);
  });

  it('answers a request that is held open while it stops', async () => {
    await start();
    const socket = client(request(path));
    await server.asked(1);
    const stopped = server.stop();
    server.letGo();
    const answer = await textOf(socket);
    expect(answer).toMatch(done);
    expect(answer).toMatch(/^connection: close\r$/m);
    socket.end();
    await stopped;
  });

  it('answers the next request of a resting connection for a moment once it stops, then closes the others', async () => {
    await start();
    server.letGo();
    const [active, resting] = [client(request(path)), client(request(path))];
    for (const socket of [active, resting]) await once(socket, 'data');
    // From now on, the server's time passes only when this test lets it.
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
      const closed = once(resting, 'end');
      jest.advanceTimersByTime(200);
      await closed;
      for (const socket of [active, resting]) socket.end();
      await stopped;
    } finally {
      jest.useRealTimers();
    }
  });

  it('cuts a request that is held open for longer than its grace', async () => {
    await start({ timing: { stopGraceMs: 50 } });
    const socket = client(request(path)).on('error', () => undefined);
    await server.asked(1);
    const closed = once(socket, 'close');
    const stopped = server.stop();
    socket.resume().once('end', () => socket.end());
    await closed;
    await stopped;
    expect(socket.bytesRead).toBe(0);
  });

  it('listens on one address of localhost, the one of IPv4', async () => {
    const restore = pretendLocalhostIs('::1', '127.0.0.1', '127.0.0.2');
    try {
      await start({ address: { host: 'localhost', port: 0 } });
    } finally {
      restore();
    }
    expect(origin.hostname).toBe('localhost');
    server.letGo();
    const [answer] = (await once(client(request(path), '127.0.0.1'), 'data')) as [Buffer];
    expect(answer.toString()).toMatch(done);
    await expect(once(client('', '127.0.0.2'), 'connect')).rejects.toThrow('ECONNREFUSED');
  });

  it('says that a name is not known', async () => {
    server = create({ address: { host: 'no-such-host.invalid', port: 0 } });
    await expect(server.start()).rejects.toThrow(
      /^Can't listen on \w*HOST no-such-host\.invalid, \w*PORT 0: (no such host name is known|the host name can't be looked up now)\. Set \w*HOST to an address\.$/,
    );
  });
});
