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
import { createAdmission } from '../../src/http/hooks/admission-queue';
import { createAwsServer } from '../../src/http/aws-server';
import { DEFAULT_TIMING } from '../../src/http/lifecycle/server-options';
import { createGraphqlServer } from '../../src/http/graphql-server';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { createContext } from '../../src/subgraph/context';
import { createControlPlane } from '../support/proton';
import { startServerProcess } from '../support/server-process';

const READ = '{ environmentAccountConnection(id: "2b5b3a2e-2b5b-4a2e-8b5b-3a2e2b5b3a2e") { id } }';

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

function post(agent: Agent, url: string, body: string): Promise<Answer> {
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

/** A Proton endpoint that takes every call and answers none before it is let. */
async function startHangingProton() {
  const held = new Set<ServerResponse>();
  let hangs = true;
  const answer = (response: ServerResponse) => {
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
    response.end('{"__type":"ResourceNotFoundException","message":"there is none"}');
  };
  const server = createServer((incoming, response) => {
    incoming.resume();
    if (hangs) held.add(response);
    else answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    calls: () => held.size,
    letGo() {
      hangs = false;
      for (const response of held) answer(response);
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe('A server with more to do than it can', () => {
  it('works on so many requests, has as many wait, refuses all others, and goes on when there is room', async () => {
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
    // Of these nothing may be kept.
    const long = JSON.stringify({ query: READ, extensions: { padding: 'x'.repeat(500_000) } });
    const answers: Answer[] = [];
    const all = Array.from({ length: 1008 }, async (_, index) => {
      answers.push(await post(agent, url, index % 10 === 9 ? long : short));
    });
    while (answers.length < 1000 || proton.calls() < 4) await wait(5);
    expect(proton.calls()).toBe(4);
    expect(memory() - before).toBeLessThan(150_000);
    proton.letGo();
    await Promise.all(all);

    const [refused, taken] = [answers.slice(0, 1000), answers.slice(1000)];
    for (const { status, retryAfter, body } of refused) {
      expect([status, retryAfter]).toEqual([503, '1']);
      expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'OVERLOADED' } }] });
    }
    for (const { status, body } of taken) {
      expect([status, body]).toEqual([200, '{"data":{"environmentAccountConnection":null}}\n']);
    }
    expect((await post(agent, url, short)).status).toBe(200);
    agent.destroy();
    proton.stop();
    expect(await end('SIGTERM')).toBe(0);
  });
});

const MOST = 3;
const MOST_ARRIVING = { bodies: 30, bytes: 1_000_000 };
/** Long enough for requests that are answered in the end, however busy the machine is. */
const AMPLE_MS = 300_000;
/** Short enough to be waited for. */
const SHORT_MS = 150;
const usual = readConfig({});

/** Both servers of a process, whose requests are held while the gate is shut. */
async function startHolding({ executionMs = 60_000, requestMs = AMPLE_MS } = {}) {
  const { service } = createControlPlane();
  const admission = createAdmission(MOST);
  let held: (() => void)[] = [];
  let isShut = true;
  const pass = async () => {
    if (isShut) await new Promise<void>((resolve) => held.push(resolve));
  };
  const common = {
    admission,
    bodyReader: createBodyReader(MOST_ARRIVING),
    address: { host: '127.0.0.1', port: 0 },
    reportFault: () => undefined,
    timing: { ...DEFAULT_TIMING, headerMs: requestMs, requestMs },
  };
  const web = createGraphqlServer({
    ...common,
    introspectionEnabled: false,
    logger: pino({ level: 'silent' }),
    authentication: NO_AUTHENTICATION,
    limits: usual.limits,
    executionMs,
    async contextFor(_request, client) {
      await pass();
      return createContext(service, unrestrictedViewer('anonymous'), () => undefined, client);
    },
  });
  const reports = { service, reportFault: () => undefined };
  const endpoint = createAwsApi({
    ...reports,
    authenticate: () => Promise.reject(new Error('nobody is asked')),
  });
  const aws = createAwsServer({
    ...common,
    api: {
      ...endpoint,
      async handle() {
        await pass();
        return { status: 200, headers: {}, body: '"done"' };
      },
    },
  });
  const graphql = new URL(await web.start());
  const proton = new URL(await aws.start());
  return {
    admission,
    graphql,
    proton,
    shut() {
      isShut = true;
    },
    open() {
      isShut = false;
      for (const go of held) go();
      held = [];
    },
    async stop() {
      await Promise.all([web.stop(), aws.stop()]);
    },
  };
}

const QUERY = '{"query":"{ __typename }"}';
const whole = (path: string) =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${String(QUERY.length)}\r\n\r\n${QUERY}`;
const half = (path: string) => whole(path).slice(0, -5);

describe('Places for requests', () => {
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

  async function counted(atWork: number, waiting: number): Promise<void> {
    const { counts } = servers.admission;
    while (counts().atWork !== atWork || counts().waiting !== waiting) await wait(2);
    expect(counts()).toEqual({ atWork, waiting });
  }

  it('are shared by GraphQL and the endpoint for AWS clients, each of which refuses in its own words', async () => {
    const { graphql, proton } = servers;
    for (let index = 0; index < MOST; index += 1)
      client(index % 2 ? graphql : proton, whole(graphql.pathname));
    await counted(MOST, 0);
    const waiting = Array.from({ length: MOST }, () => client(graphql, whole(graphql.pathname)));
    await counted(MOST, MOST);
    const [refused] = (await once(client(graphql, whole(graphql.pathname)), 'data')) as [Buffer];
    expect(refused.toString()).toMatch(/^HTTP\/1\.1 503 .*^retry-after: 1\r$.*"code":"OVERLOADED"/ims);
    const [throttled] = (await once(client(proton, whole('/')), 'data')) as [Buffer];
    expect(throttled.toString()).toMatch(
      /^HTTP\/1\.1 400 .*^retry-after: 1\r$.*^x-amzn-ErrorType: ThrottlingException\r$/ims,
    );
    servers.open();
    for (const socket of waiting) {
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
    }
    await counted(0, 0);
  });

  it('are not kept by who has gone from the queue', async () => {
    const { graphql } = servers;
    for (let index = 0; index < MOST; index += 1) client(graphql, whole(graphql.pathname));
    await counted(MOST, 0);
    const [first, second] = [
      client(graphql, whole(graphql.pathname)),
      client(graphql, whole(graphql.pathname)),
    ];
    await counted(MOST, 2);
    first.destroy();
    await counted(MOST, 1);
    servers.open();
    const [answer] = (await once(second, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('are kept while somebody’s work goes on, though he has gone', async () => {
    const { graphql } = servers;
    const gone = client(graphql, whole(graphql.pathname));
    await counted(1, 0);
    gone.destroy();
    await once(gone, 'close');
    const after = client(graphql, whole(graphql.pathname));
    await counted(2, 0);
    servers.open();
    await once(after, 'data');
    await counted(0, 0);
    expect(gone.bytesRead).toBe(0);
  });

  it('are waited for no longer than a request may take', async () => {
    await servers.stop();
    servers = await startHolding({ requestMs: SHORT_MS });
    const { graphql } = servers;
    for (let index = 0; index < MOST; index += 1) client(graphql, whole(graphql.pathname));
    await counted(MOST, 0);
    const [late] = (await once(client(graphql, whole(graphql.pathname)), 'data')) as [Buffer];
    expect(late.toString()).toMatch(/^HTTP\/1\.1 503 .*"code":"OVERLOADED"/s);
    await counted(MOST, 0);
  });

  it('are refused to a long body in a way that its sender can read, on a connection that goes on', async () => {
    const { graphql } = servers;
    for (let index = 0; index < 2 * MOST; index += 1) client(graphql, whole(graphql.pathname));
    await counted(MOST, MOST);
    const length = 3_000_000;
    const socket = client(
      graphql,
      `POST ${graphql.pathname} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${String(length)}\r\n\r\n${' '.repeat(length)}`,
    );
    const [refused] = (await once(socket, 'data')) as [Buffer];
    expect(refused.toString()).toMatch(/^HTTP\/1\.1 503 /);
    servers.open();
    await counted(0, 0);
    socket.write(whole(graphql.pathname).replace('HTTP/1.1\r\n', 'HTTP/1.1\r\nConnection: close\r\n'));
    expect(await textOf(socket)).toMatch(/HTTP\/1\.1 200 /);
  });

  /** Begins a request, and resolves once the server has. */
  async function begun(url: URL, length: number, bytes: string): Promise<Socket> {
    const socket = client(
      url,
      `POST ${url.pathname} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: ${String(length)}\r\n\r\n`,
    );
    const [told] = (await once(socket, 'data')) as [Buffer];
    expect(told.toString()).toMatch(/^HTTP\/1\.1 100 /);
    socket.write(bytes);
    return socket;
  }

  it.each(['graphql', 'proton'] as const)('are not taken by half a request to %s', async (name) => {
    const patient = await startHolding();
    patient.open();
    for (let index = 0; index < 2 * MOST; index += 1) await begun(patient[name], 500, '{');
    expect(patient.admission.counts()).toEqual({ atWork: 0, waiting: 0 });
    const [answer] = (await once(client(patient[name], whole(patient[name].pathname)), 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
    for (const socket of open.splice(0)) socket.destroy();
    await patient.stop();
  });

  it.each([
    ['graphql', /^HTTP\/1\.1 503 .*^retry-after: 1\r$.*"code":"OVERLOADED"/ims],
    ['proton', /^HTTP\/1\.1 400 .*^x-amzn-ErrorType: ThrottlingException\r$/ims],
  ] as const)(
    'are as free when bodies on their way to %s are too many, or too large',
    async (name, refusal) => {
      const patient = await startHolding();
      patient.open();
      const oldest = await begun(patient[name], 500, '{');
      const refused = textOf(oldest);
      for (let index = 1; index < MOST_ARRIVING.bodies; index += 1) await begun(patient[name], 500, '{');
      const [newest] = (await once(client(patient[name], whole(patient[name].pathname)), 'data')) as [Buffer];
      expect(newest.toString()).toMatch(/^HTTP\/1\.1 200 /);
      expect(await refused).toMatch(refusal);

      for (const socket of open.splice(0)) socket.destroy();
      const large = textOf(await begun(patient[name], 900_000, ' '.repeat(600_000)));
      await begun(patient[name], 900_000, ' '.repeat(600_000));
      expect(await large).toMatch(refusal);
      for (const socket of open.splice(0)) socket.destroy();
      await patient.stop();
    },
  );

  it('are kept for work that goes on after it was given up', async () => {
    const short = await startHolding({ executionMs: 100 });
    const [late] = (await once(client(short.graphql, whole(short.graphql.pathname)), 'data')) as [Buffer];
    // Nothing had been executed yet.
    expect(late.toString()).toMatch(/^HTTP\/1\.1 503 .*"code":"OVERLOADED"/s);
    expect(short.admission.counts()).toEqual({ atWork: 1, waiting: 0 });
    short.open();
    while (short.admission.counts().atWork > 0) await wait(2);
    await short.stop();
  });

  it('are all free after whatever clients do', async () => {
    await servers.stop();
    servers = await startHolding({ requestMs: SHORT_MS });
    const action = fc.record({
      to: fc.constantFrom('graphql', 'proton'),
      sends: fc.constantFrom('whole', 'half', 'three at once', 'whole and half', 'header alone'),
      then: fc.constantFrom('leaves', 'leaves later', 'ends', 'stays'),
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
          if (then === 'leaves') socket.once('connect', () => socket.destroy());
          else if (then === 'leaves later') setTimeout(() => socket.destroy(), 10);
          else if (then === 'ends') socket.once('connect', () => socket.end());
        }
        await wait(15);
        servers.open();
        // Who has sent half a request is cut off in time.
        await counted(0, 0);
        for (const socket of open.splice(0)) socket.destroy();
      }),
      { numRuns: 8 },
    );
  });
});
