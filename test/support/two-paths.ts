import { Agent, request as send } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { pino } from 'pino';

import { readConfig } from '../../src/config/config';
import { createEmbeddedProtonService } from '../../src/control-plane/control-plane';
import { type ConnectionStore, observeStore } from '../../src/control-plane/store';
import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import { createGraphqlServer } from '../../src/http/graphql-server';
import type { RateLimits } from '../../src/http/hooks/rate-limits';
import { instrumentService } from '../../src/proton/instrument-session';
import type { ProtonSession } from '../../src/proton/proton-service';
import { unrestrictedViewer, type Viewer } from '../../src/proton/viewer';
import { createContext } from '../../src/subgraph/context';
import { buildSubgraph } from '../../src/subgraph/schema';
import { createTelemetry } from '../../src/telemetry/telemetry';
import { account, region, START } from './proton';
import { randomFrom, RandomOperations, type KnownValues, type RandomOperation } from './random-operations';

/** The two ways in which a server executes an operation. The media type's parameter says nothing new, but it is unusual. */
const MEDIA_TYPES = {
  compiled: 'application/json',
  apollo: 'application/json; charset=utf-8',
} as const;
export type ExecutionPath = keyof typeof MEDIA_TYPES;

/** Of curl, Apollo Client and Hive Gateway, and others that may be sent. */
const ACCEPTS: readonly (string | undefined)[] = [
  undefined,
  'application/graphql-response+json,application/json;q=0.9',
  'application/json',
  'application/graphql-response+json, application/json, multipart/mixed',
  '*/*',
];

export interface HttpResult {
  readonly status: number;
  /** In the order of the response, without `Date`. */
  readonly headers: readonly string[];
  readonly body: string;
}

export interface ServerOptions {
  /** Replaces the store, to run over another one. */
  readonly wrapStore?: (store: ConnectionStore) => ConnectionStore;
  /** Replaces the sessions of requests, to inject failures. */
  readonly wrapSession?: (session: ProtonSession) => ProtonSession;
  readonly rateLimits?: RateLimits;
  /** Values of the `accept` header that the requests have in turn. */
  readonly accepts?: readonly (string | undefined)[];
}

export interface PathServer {
  readonly post: (path: ExecutionPath, operation: object) => Promise<HttpResult>;
  /** Counters and the counts of histograms, without the one by which the paths differ. */
  readonly counters: () => Promise<ReadonlyMap<string, number>>;
  /** Operations that were executed without Apollo Server. */
  readonly compiled: () => Promise<number>;
  readonly faults: readonly unknown[];
  readonly setViewer: (viewer: Viewer) => void;
  readonly stop: () => Promise<void>;
}

const COMPILED = 'proton_subgraph_compiled_operations_total';

/** Starts a server with a clock and ids of its own: two servers that get the same requests send the same responses. */
export async function startPathServer({
  wrapStore = (store) => store,
  wrapSession = (session) => session,
  rateLimits,
  accepts = [undefined],
}: ServerOptions = {}): Promise<PathServer> {
  const logger = pino({ level: 'silent' });
  const telemetry = createTelemetry({ logger, traced: false });
  const store = openSqliteStore({ location: ':memory:' });
  let instants = 0;
  let ids = 0;
  const service = createEmbeddedProtonService({
    store: observeStore(wrapStore(store), telemetry.aroundStore),
    settings: {
      defaultRegion: region('us-east-1'),
      defaultAccountId: account('000000000000'),
      connectionQuota: 1_000,
    },
    now: () => START + (instants += 137),
    newId: () => `00000000-0000-4000-8000-${String((ids += 1)).padStart(12, '0')}`,
  });
  const proton = instrumentService(service, telemetry.aroundProton);
  const config = readConfig({});
  const faults: unknown[] = [];
  let currentViewer = unrestrictedViewer('tester');
  const server = createGraphqlServer({
    address: { host: '127.0.0.1', port: 0 },
    introspectionEnabled: true,
    logger,
    reportFault: (fault) => faults.push(fault),
    authentication: {
      router: undefined,
      user: undefined,
      keysCheck: () => 'ok',
      start: () => Promise.resolve(),
      stop: () => undefined,
    },
    rateLimits,
    limits: config.limits,
    executionMs: config.timing.executionMs,
    observe: (event) => {
      telemetry.requestEnded(event);
      observed += 1;
    },
    contextFor: (_request, deadline) => {
      const sessions = { ...proton, session: () => wrapSession(proton.session(currentViewer, deadline)) };
      return createContext(sessions, currentViewer, (fault) => faults.push(fault), deadline);
    },
  });
  telemetry.metrics.addOperations(server.operations);
  const url = await server.start();
  let requests = 0;
  let observed = 0;
  const agent = new Agent({ keepAlive: true });

  async function samples(): Promise<Map<string, number>> {
    // A client has its response a little before the server counts it.
    while (observed < requests) await nextTurn();
    const { text } = await telemetry.metrics.page();
    const found = new Map<string, number>();
    for (const line of text.split('\n')) {
      const [, name, value] = /^(proton_subgraph_\S+?(?:_total|_count)(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
      if (name !== undefined) found.set(name, Number(value));
    }
    return found;
  }

  return {
    post(path, operation) {
      requests += 1;
      const accept = accepts[requests % accepts.length];
      return post(url, agent, JSON.stringify(operation), {
        'content-type': MEDIA_TYPES[path],
        'x-request-id': `request-${String(requests)}`,
        ...(accept !== undefined && { accept }),
      });
    },
    async counters() {
      const found = await samples();
      found.delete(COMPILED);
      return found;
    },
    compiled: async () => (await samples()).get(COMPILED) ?? 0,
    faults,
    setViewer(next) {
      currentViewer = next;
    },
    async stop() {
      agent.destroy();
      await server.stop();
      await store.close();
    },
  };
}

function post(
  url: string,
  agent: Agent,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<HttpResult> {
  return new Promise((resolve, reject) => {
    const request = send(url, { method: 'POST', headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, rawHeaders } = response;
        const pairs = rawHeaders.flatMap((name, index) =>
          index % 2 === 0 && name.toLowerCase() !== 'date' ? [`${name}: ${rawHeaders[index + 1] ?? ''}`] : [],
        );
        resolve({ status, headers: pairs, body: Buffer.concat(chunks).toString() });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

const ACCOUNTS = ['111111111111', '222222222222', '333333333333', '000000000000'];

/** Fills a server, and returns values that its operations can use. */
export async function fill(server: PathServer, connections: number): Promise<KnownValues> {
  const create =
    'mutation ($input: CreateEnvironmentAccountConnectionInput!) { createEnvironmentAccountConnection(input: $input) { success } }';
  for (let index = 0; index < connections; index += 1) {
    const environmentAccountId = ACCOUNTS[index % 3];
    const input = {
      managementAccountId: ACCOUNTS[(index + 1) % 3],
      environmentAccountId,
      environmentName: `environment-${String(index)}`,
      region: index % 4 === 0 ? 'eu-central-1' : 'us-east-1',
      ...(index % 2 === 0 ? { roleArn: `arn:aws:iam::${environmentAccountId ?? ''}:role/provision` } : {}),
      tags:
        index % 3 === 0
          ? []
          : [
              { key: 'team', value: index % 5 === 0 ? '' : 'payments' },
              { key: 'stage', value: 'a / b' },
            ],
    };
    const { body } = await server.post('apollo', { query: create, variables: { input } });
    if (!body.includes('"success":true')) throw new Error(body);
  }
  const list = '{ environmentAccountConnections(first: 100) { edges { cursor node { id arn } } } }';
  const { body } = await server.post('apollo', { query: list });
  const { data } = JSON.parse(body) as {
    data: {
      environmentAccountConnections: { edges: { cursor: string; node: { id: string; arn: string } }[] };
    };
  };
  const { edges } = data.environmentAccountConnections;
  return {
    ids: edges.map(({ node }) => node.id),
    arns: edges.map(({ node }) => node.arn),
    cursors: edges.map(({ cursor }) => cursor),
    accounts: ACCOUNTS,
  };
}

/** Two results of one operation that differ. */
export interface Difference {
  readonly operation: RandomOperation;
  readonly compiled: unknown;
  readonly apollo: unknown;
}

export interface Comparison {
  readonly requests: number;
  /** Requests that were executed without Apollo Server. */
  readonly compiled: number;
  readonly differences: readonly Difference[];
}

export interface CompareOptions extends ServerOptions {
  readonly seed: number;
  readonly operations: number;
  /** Who sends the operations; by default a viewer with all permissions. */
  readonly viewer?: Viewer;
  readonly onProgress?: (done: number) => void;
}

/** How often each operation is sent: the first execution prepares it. Then it is sent with other variables. */
const TIMES = 3;
/** After so many operations the counters are compared. */
const BATCH = 20;

/** Sends random operations to two equal servers, one for each path, and compares responses and counters. */
export async function comparePaths({
  seed,
  operations,
  viewer,
  onProgress,
  ...given
}: CompareOptions): Promise<Comparison> {
  const options = { accepts: ACCEPTS, ...given };
  const [one, other] = [await startPathServer(options), await startPathServer(options)];
  try {
    const known = await fill(one, 30);
    await fill(other, 30);
    if (viewer) for (const server of [one, other]) server.setViewer(viewer);
    const random = new RandomOperations(buildSubgraph().schema, randomFrom(seed), known);
    const differences: Difference[] = [];
    let requests = 0;
    for (let done = 0; done < operations; done += 1) {
      const operation = random.next();
      const sent = Array.from({ length: TIMES }, () => operation);
      if (Object.keys(operation.variables).length > 0) sent.push(random.withOtherVariables(operation));
      requests += sent.length;
      for (const operation of sent) {
        const [compiled, apollo] = await Promise.all([
          one.post('compiled', operation),
          other.post('apollo', operation),
        ]);
        if (JSON.stringify(compiled) !== JSON.stringify(apollo))
          differences.push({ operation, compiled, apollo });
      }
      onProgress?.(done + 1);
      if ((done + 1) % BATCH !== 0) continue;
      const [compiled, apollo] = await Promise.all([one.counters(), other.counters()]);
      if (JSON.stringify([...compiled].sort()) !== JSON.stringify([...apollo].sort())) {
        differences.push({
          operation,
          compiled: changed(compiled, apollo),
          apollo: changed(apollo, compiled),
        });
        break;
      }
    }
    return { requests, compiled: await one.compiled(), differences };
  } finally {
    await Promise.all([one.stop(), other.stop()]);
  }
}

function changed(counters: ReadonlyMap<string, number>, others: ReadonlyMap<string, number>): unknown {
  return [...counters].filter(([name, value]) => others.get(name) !== value);
}
