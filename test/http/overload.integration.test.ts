import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { Agent, createServer, request as sendRequest, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { buffer, text as textOf } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';

import fc from 'fast-check';
import { pino } from 'pino';

import { NO_AUTHENTICATION } from '../../src/authentication/authentication';
import { readConfig } from '../../src/config/config';
import { createAwsApi } from '../../src/aws-api/aws-api';
import { createBodyReader } from '../../src/http/body/body-budget';
import { Admission } from '../../src/http/hooks/admission-queue';
import { createAwsServer } from '../../src/http/aws-server';
import { DEFAULT_TIMING } from '../../src/http/lifecycle/server-options';
import { createGraphqlServer } from '../../src/http/graphql-server';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { createContext } from '../../src/subgraph/context';
import { createControlPlane } from '../support/proton';
import { startServerProcess } from '../support/server-process';

const READ = '{ environmentAccountConnection(id: "2b5b3a2e-2b5b-4a2e-8b5b-3a2e2b5b3a2e") { id } }';

interface GraphqlResponse {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

function post(agent: Agent, url: string, body: string): Promise<GraphqlResponse> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
    const request = sendRequest(url, { method: 'POST', agent, headers }, (response) => {
      buffer(response).then((bytes) => {
        const { statusCode = 0, headers } = response;
        resolve({ status: statusCode, retryAfter: headers['retry-after'], body: bytes.toString() });
      }, reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** A Proton endpoint that holds every call until it is released. */
async function startHangingProton() {
  const held = new Set<ServerResponse>();
  let hangs = true;
  const respond = (response: ServerResponse) => {
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
    response.end('{"__type":"ResourceNotFoundException","message":"there is none"}');
  };
  const server = createServer((incoming, response) => {
    incoming.resume();
    if (hangs) held.add(response);
    else respond(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    calls: () => held.size,
    release() {
      hangs = false;
      for (const response of held) respond(response);
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe('An overloaded server', () => {
  it('executes a limited number of requests, queues as many, rejects all others, and recovers', async () => {
    const proton = await startHangingProton();
    const { url, child, end } = await startServerProcess({
      PROTON_UPSTREAM: proton.origin,
      PROTON_ACCOUNTS: '111111111111',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'none',
      AWS_REGION: 'us-east-1',
      PROTON_TIMEOUT_MS: '60000',
      EXECUTION_TIMEOUT_MS: '60000',
      REQUEST_TIMEOUT_MS: '60000',
      MAX_IN_FLIGHT: '4',
    }).catch((error: unknown) => {
      proton.stop();
      throw error;
    });
    const memory = () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${String(child.pid)}/status`, 'utf8'))?.[1]);
    const agent = new Agent({ keepAlive: true, maxSockets: 100 });
    const before = memory();

    const short = JSON.stringify({ query: READ });
    // The server must not keep these bodies.
    const long = JSON.stringify({ query: READ, extensions: { padding: 'x'.repeat(500_000) } });
    const responses: GraphqlResponse[] = [];
    const all = Array.from({ length: 1008 }, async (_, index) => {
      responses.push(await post(agent, url, index % 10 === 9 ? long : short));
    });
    while (responses.length < 1000 || proton.calls() < 4) await wait(5);
    expect(proton.calls()).toBe(4);
    expect(memory() - before).toBeLessThan(150_000);
    proton.release();
    await Promise.all(all);

    const [rejected, accepted] = [responses.slice(0, 1000), responses.slice(1000)];
    for (const { status, retryAfter, body } of rejected) {
      expect([status, retryAfter]).toEqual([503, '1']);
      expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'OVERLOADED' } }] });
    }
    for (const { status, body } of accepted) {
      expect([status, body]).toEqual([200, '{"data":{"environmentAccountConnection":null}}\n']);
    }
    expect((await post(agent, url, short)).status).toBe(200);
    agent.destroy();
    proton.stop();
    expect(await end('SIGTERM')).toBe(0);
  });
});

const MAX_AT_WORK = 3;
const BODY_BUDGET = { bodies: 30, bytes: 1_000_000 };
/** Longer than any request takes, however busy the machine is. */
const LONG_MS = 300_000;
/** Short enough to wait for in a test. */
const SHORT_MS = 150;
const defaults = readConfig({});

/** Starts a GraphQL and an AWS server with one admission. They hold their requests while the gate is shut. */
async function startHolding({ executionMs = 60_000, requestMs = LONG_MS } = {}) {
  const { service } = createControlPlane();
  const admission = new Admission(MAX_AT_WORK);
  let held: (() => void)[] = [];
  let isShut = true;
  const pass = async () => {
    if (isShut) await new Promise<void>((resolve) => held.push(resolve));
  };
  const common = {
    admission,
    bodyReader: createBodyReader(BODY_BUDGET),
    address: { host: '127.0.0.1', port: 0 },
    reportFault: () => undefined,
    timing: { ...DEFAULT_TIMING, headerMs: requestMs, requestMs },
  };
  const graphqlServer = createGraphqlServer({
    ...common,
    introspectionEnabled: false,
    logger: pino({ level: 'silent' }),
    authentication: NO_AUTHENTICATION,
    limits: defaults.limits,
    executionMs,
    async contextFor(_request, client) {
      await pass();
      return createContext(service, unrestrictedViewer('anonymous'), () => undefined, client);
    },
  });
  const reports = { service, reportFault: () => undefined };
  const api = createAwsApi({
    ...reports,
    authenticate: () => Promise.reject(new Error('authenticate must not be called')),
  });
  const awsServer = createAwsServer({
    ...common,
    api: {
      ...api,
      async handle() {
        await pass();
        return { status: 200, headers: {}, body: '"done"' };
      },
    },
  });
  const graphql = new URL(await graphqlServer.start());
  const proton = new URL(await awsServer.start());
  return {
    admission,
    graphql,
    proton,
    shut() {
      isShut = true;
    },
    open() {
      isShut = false;
      for (const release of held) release();
      held = [];
    },
    async stop() {
      await Promise.all([graphqlServer.stop(), awsServer.stop()]);
    },
  };
}

const QUERY = '{"query":"{ __typename }"}';
const whole = (path: string) =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${String(QUERY.length)}\r\n\r\n${QUERY}`;
const half = (path: string) => whole(path).slice(0, -5);

describe('The slots of the admission queue', () => {
  let servers: Awaited<ReturnType<typeof startHolding>>;
  const open: Socket[] = [];

  beforeEach(async () => {
    servers = await startHolding();
  });

  afterEach(async () => {
    servers.open();
    for (const socket of open.splice(0)) socket.destroy();
    await servers.stop();
  });

  function client(url: URL, bytes: string): Socket {
    const socket = connect({ port: Number(url.port), host: url.hostname });
    socket.on('error', () => undefined);
    open.push(socket);
    socket.write(bytes);
    return socket;
  }

  async function untilCounted(inFlight: number, waiting: number): Promise<void> {
    const counts = () => servers.admission.counts();
    while (counts().inFlight !== inFlight || counts().waiting !== waiting) await wait(2);
    expect(counts()).toEqual({ inFlight, waiting });
  }

  it('are shared by both servers, and each rejects requests in its own protocol', async () => {
    const { graphql, proton } = servers;
    for (let index = 0; index < MAX_AT_WORK; index += 1)
      client(index % 2 ? graphql : proton, whole(graphql.pathname));
    await untilCounted(MAX_AT_WORK, 0);
    const waiting = Array.from({ length: MAX_AT_WORK }, () => client(graphql, whole(graphql.pathname)));
    await untilCounted(MAX_AT_WORK, MAX_AT_WORK);
    const [overloaded] = (await once(client(graphql, whole(graphql.pathname)), 'data')) as [Buffer];
    expect(overloaded.toString()).toMatch(/^HTTP\/1\.1 503 .*^retry-after: 1\r$.*"code":"OVERLOADED"/ims);
    const [throttled] = (await once(client(proton, whole('/')), 'data')) as [Buffer];
    expect(throttled.toString()).toMatch(
      /^HTTP\/1\.1 400 .*^retry-after: 1\r$.*^x-amzn-ErrorType: ThrottlingException\r$/ims,
    );
    servers.open();
    for (const socket of waiting) {
      const [response] = (await once(socket, 'data')) as [Buffer];
      expect(response.toString()).toMatch(/^HTTP\/1\.1 200 /);
    }
    await untilCounted(0, 0);
  });

  it('are freed when a waiting client disconnects', async () => {
    const { graphql } = servers;
    for (let index = 0; index < MAX_AT_WORK; index += 1) client(graphql, whole(graphql.pathname));
    await untilCounted(MAX_AT_WORK, 0);
    const [first, second] = [
      client(graphql, whole(graphql.pathname)),
      client(graphql, whole(graphql.pathname)),
    ];
    await untilCounted(MAX_AT_WORK, 2);
    first.destroy();
    await untilCounted(MAX_AT_WORK, 1);
    servers.open();
    const [response] = (await once(second, 'data')) as [Buffer];
    expect(response.toString()).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('stay occupied while the work of a disconnected client continues', async () => {
    const { graphql } = servers;
    const disconnected = client(graphql, whole(graphql.pathname));
    await untilCounted(1, 0);
    disconnected.destroy();
    await once(disconnected, 'close');
    const after = client(graphql, whole(graphql.pathname));
    await untilCounted(2, 0);
    servers.open();
    await once(after, 'data');
    await untilCounted(0, 0);
    expect(disconnected.bytesRead).toBe(0);
  });

  it('are waited for no longer than the request timeout', async () => {
    await servers.stop();
    servers = await startHolding({ requestMs: SHORT_MS });
    const { graphql } = servers;
    for (let index = 0; index < MAX_AT_WORK; index += 1) client(graphql, whole(graphql.pathname));
    await untilCounted(MAX_AT_WORK, 0);
    const [late] = (await once(client(graphql, whole(graphql.pathname)), 'data')) as [Buffer];
    expect(late.toString()).toMatch(/^HTTP\/1\.1 503 .*"code":"OVERLOADED"/s);
    await untilCounted(MAX_AT_WORK, 0);
  });

  it('are denied to a request with a long body so that the client reads the error and can reuse the connection', async () => {
    const { graphql } = servers;
    for (let index = 0; index < 2 * MAX_AT_WORK; index += 1) client(graphql, whole(graphql.pathname));
    await untilCounted(MAX_AT_WORK, MAX_AT_WORK);
    const length = 3_000_000;
    const socket = client(
      graphql,
      `POST ${graphql.pathname} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${String(length)}\r\n\r\n${' '.repeat(length)}`,
    );
    const [rejected] = (await once(socket, 'data')) as [Buffer];
    expect(rejected.toString()).toMatch(/^HTTP\/1\.1 503 /);
    servers.open();
    await untilCounted(0, 0);
    socket.write(whole(graphql.pathname).replace('HTTP/1.1\r\n', 'HTTP/1.1\r\nConnection: close\r\n'));
    expect(await textOf(socket)).toMatch(/HTTP\/1\.1 200 /);
  });

  /** Starts a request, and resolves once the server has its header. */
  async function startRequest(url: URL, length: number, bytes: string): Promise<Socket> {
    const socket = client(
      url,
      `POST ${url.pathname} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: ${String(length)}\r\n\r\n`,
    );
    const [interim] = (await once(socket, 'data')) as [Buffer];
    expect(interim.toString()).toMatch(/^HTTP\/1\.1 100 /);
    socket.write(bytes);
    return socket;
  }

  it.each(['graphql', 'proton'] as const)('are not occupied by incomplete requests to %s', async (name) => {
    const servers = await startHolding();
    servers.open();
    for (let index = 0; index < 2 * MAX_AT_WORK; index += 1) await startRequest(servers[name], 500, '{');
    expect(servers.admission.counts()).toEqual({ inFlight: 0, waiting: 0 });
    const [response] = (await once(client(servers[name], whole(servers[name].pathname)), 'data')) as [Buffer];
    expect(response.toString()).toMatch(/^HTTP\/1\.1 200 /);
    for (const socket of open.splice(0)) socket.destroy();
    await servers.stop();
  });

  it.each([
    ['graphql', /^HTTP\/1\.1 503 .*^retry-after: 1\r$.*"code":"OVERLOADED"/ims],
    ['proton', /^HTTP\/1\.1 400 .*^x-amzn-ErrorType: ThrottlingException\r$/ims],
  ] as const)('stay free when too many or too large bodies arrive at %s', async (name, refusal) => {
    const servers = await startHolding();
    servers.open();
    const oldest = await startRequest(servers[name], 500, '{');
    const rejected = textOf(oldest);
    for (let index = 0; index < BODY_BUDGET.bodies; index += 1) await startRequest(servers[name], 500, '{');
    const [newest] = (await once(client(servers[name], whole(servers[name].pathname)), 'data')) as [Buffer];
    expect(newest.toString()).toMatch(/^HTTP\/1\.1 200 /);
    expect(await rejected).toMatch(refusal);

    for (const socket of open.splice(0)) socket.destroy();
    const large = textOf(await startRequest(servers[name], 900_000, ' '.repeat(600_000)));
    await startRequest(servers[name], 900_000, ' '.repeat(600_000));
    expect(await large).toMatch(refusal);
    for (const socket of open.splice(0)) socket.destroy();
    await servers.stop();
  });

  it.each(['graphql', 'proton'] as const)(
    'stay free for bodies that arrive at once, which push no other body out at %s',
    async (name) => {
      const servers = await startHolding();
      servers.open();
      const body = JSON.stringify({ query: '{ __typename }' }).padEnd(500);
      const oldest = await startRequest(servers[name], 500, body.slice(0, 1));
      for (let index = 1; index < BODY_BUDGET.bodies; index += 1) await startRequest(servers[name], 500, '{');
      const [newest] = (await once(client(servers[name], whole(servers[name].pathname)), 'data')) as [Buffer];
      expect(newest.toString()).toMatch(/^HTTP\/1\.1 200 /);
      oldest.write(body.slice(1));
      const [response] = (await once(oldest, 'data')) as [Buffer];
      expect(response.toString()).not.toMatch(/OVERLOADED|Throttling/);
      for (const socket of open.splice(0)) socket.destroy();
      await servers.stop();
    },
  );

  it('stay occupied by work that continues after its timeout', async () => {
    const short = await startHolding({ executionMs: 100 });
    const [late] = (await once(client(short.graphql, whole(short.graphql.pathname)), 'data')) as [Buffer];
    // The execution had not started yet.
    expect(late.toString()).toMatch(/^HTTP\/1\.1 503 .*"code":"OVERLOADED"/s);
    expect(short.admission.counts()).toEqual({ inFlight: 1, waiting: 0 });
    short.open();
    while (short.admission.counts().inFlight > 0) await wait(2);
    await short.stop();
  });

  it('are all free in the end, whatever clients do', async () => {
    await servers.stop();
    servers = await startHolding({ requestMs: SHORT_MS });
    const action = fc.record({
      to: fc.constantFrom('graphql', 'proton'),
      sends: fc.constantFrom('whole', 'half', 'three at once', 'whole and half', 'header alone'),
      then: fc.constantFrom('disconnects', 'disconnects later', 'ends', 'stays'),
    });
    const schedule = fc.array(action, { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(schedule, async (actions) => {
        servers.shut();
        for (const { to, sends, then } of actions) {
          const url = servers[to];
          const [one, part] = [whole(url.pathname), half(url.pathname)];
          const bytes = {
            whole: one,
            half: part,
            'three at once': one + one + one,
            'whole and half': one + part,
            'header alone': one.slice(0, 30),
          }[sends];
          const socket = client(url, bytes);
          if (then === 'disconnects') socket.once('connect', () => socket.destroy());
          else if (then === 'disconnects later') setTimeout(() => socket.destroy(), 10);
          else if (then === 'ends') socket.once('connect', () => socket.end());
        }
        await wait(15);
        servers.open();
        // Incomplete requests time out.
        await untilCounted(0, 0);
        for (const socket of open.splice(0)) socket.destroy();
      }),
      { numRuns: 8 },
    );
  });
});
