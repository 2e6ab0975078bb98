import type { ConnectionView } from '../../src/proton/connection';
import { ProtonFailure, type FailureCode } from '../../src/proton/failure';
import type { ProtonSession } from '../../src/proton/proton-service';
import { unrestrictedViewer } from '../../src/proton/viewer';
import {
  answering,
  padWithSpaces,
  failingWith,
  resetAfter,
  resetBefore,
  slowDrip,
  stallBody,
  stallHeaders,
  startFaultProxy,
  truncate,
  withHeaders,
  type Exchange,
  type Fault,
  type FaultProxy,
} from '../support/fault-proxy';
import { ENVIRONMENT, MANAGEMENT, region } from '../support/proton';
import { createSdkService, startSignedEndpoint, type SignedEndpoint } from '../support/sdk-service';

const OLD_ROLE = `arn:aws:iam::${ENVIRONMENT}:role/old`;
const NEW_ROLE = `arn:aws:iam::${ENVIRONMENT}:role/new`;
const ADMIN = unrestrictedViewer('admin');
/** Few accounts and Regions, so that searching for connections takes few calls. */
const TARGETS = { accounts: [ENVIRONMENT, MANAGEMENT], regions: [region('us-east-1')] };

/** How late a busy machine may notice a deadline. */
const SLACK_MS = 5_000;

interface Operation {
  readonly name: string;
  /** The AWS operation whose calls fail; calls of other operations succeed. */
  readonly target: string;
  readonly perform: (session: ProtonSession, connection: ConnectionView) => Promise<unknown>;
  /** The event that it records, if it is a write. */
  readonly event?: string;
  /** Whether Proton's response may be an empty object. */
  readonly hasEmptyResponse?: boolean;
  /** Whether a result is correct. */
  readonly isRight: (result: unknown, connection: ConnectionView) => boolean;
}

const isSameConnection = (result: unknown, { id }: ConnectionView) => (result as ConnectionView).id === id;

const OPERATIONS: readonly Operation[] = [
  {
    name: 'create',
    target: 'CreateEnvironmentAccountConnection',
    perform: (session, { environmentName }) =>
      session.createConnection({
        managementAccountId: MANAGEMENT,
        environmentAccountId: ENVIRONMENT,
        environmentName: `${environmentName}-new`,
      }),
    event: 'CREATED',
    isRight: (result, { environmentName }) =>
      (result as ConnectionView).environmentName === `${environmentName}-new`,
  },
  {
    name: 'update',
    target: 'UpdateEnvironmentAccountConnection',
    perform: (session, { id }) => session.updateConnection({ id, roleArn: NEW_ROLE }),
    event: 'UPDATED',
    isRight: (result) => (result as ConnectionView).roleArn === NEW_ROLE,
  },
  {
    name: 'accept',
    target: 'AcceptEnvironmentAccountConnection',
    perform: (session, { id }) => session.acceptConnection({ id }),
    event: 'ACCEPTED',
    isRight: (result) => (result as ConnectionView).status === 'CONNECTED',
  },
  {
    name: 'reject',
    target: 'RejectEnvironmentAccountConnection',
    perform: (session, { id }) => session.rejectConnection({ id }),
    event: 'REJECTED',
    isRight: (result) => (result as ConnectionView).status === 'REJECTED',
  },
  {
    name: 'delete',
    target: 'DeleteEnvironmentAccountConnection',
    perform: (session, { id }) => session.deleteConnection({ id }),
    event: 'DELETED',
    hasEmptyResponse: true,
    isRight: isSameConnection,
  },
  {
    name: 'tag',
    target: 'TagResource',
    perform: (session, { id }) => session.tagConnection({ id, tags: [{ key: 'new', value: '' }] }),
    event: 'TAGGED',
    hasEmptyResponse: true,
    isRight: isSameConnection,
  },
  {
    name: 'untag',
    target: 'UntagResource',
    perform: (session, { id }) => session.untagConnection({ id, tagKeys: ['old'] }),
    event: 'UNTAGGED',
    hasEmptyResponse: true,
    isRight: isSameConnection,
  },
  {
    name: 'find',
    target: 'GetEnvironmentAccountConnection',
    perform: async (session, { id }) => orThrow((await session.findConnections([{ id }]))[0]),
    isRight: isSameConnection,
  },
  {
    name: 'list',
    target: 'ListEnvironmentAccountConnections',
    async perform(session, { environmentName }) {
      const participation = { accountId: ENVIRONMENT, role: 'ENVIRONMENT_ACCOUNT' } as const;
      const filter = { environmentName, region: 'us-east-1' };
      return orThrow((await session.listConnections([{ participation, filter }]))[0])?.items[0];
    },
    isRight: isSameConnection,
  },
  {
    name: 'read the tags',
    target: 'ListTagsForResource',
    perform: async (session, connection) => orThrow((await session.readTags([connection]))[0]),
    isRight: (result) => JSON.stringify(result) === '[{"key":"old","value":""}]',
  },
  {
    name: 'read the role for CodeBuild',
    target: 'GetEnvironmentAccountConnection',
    perform: async (session, connection) => {
      // As lists return it.
      const { codebuildRoleArn, ...listed } = connection;
      const [result] = await session.readCodebuildRoles([listed]);
      return result === codebuildRoleArn ? result : orThrow(result);
    },
    isRight: (result) => result === OLD_ROLE,
  },
];

/** The outcome of an operation: whether its result was right, or the code of its failure. */
type Outcome = 'right' | 'wrong' | FailureCode;

interface FaultCase {
  readonly fault: Fault;
  /** Whether the endpoint carries out the operation, although the response does not arrive intact. */
  readonly carriedOut?: boolean;
  /** The outcome if only the first attempt fails. */
  readonly once?: Outcome;
  /** The defaults are long enough for all cases that don't end with a timeout. */
  readonly onceTimeoutMs?: number;
  readonly foreverTimeoutMs?: number;
  /** The outcome if every attempt fails. */
  readonly forever: Outcome;
  /** Whether operations with an empty response succeed in spite of the fault. */
  readonly allowsEmptyResponse?: boolean;
}

const A_DAY_OFF = { date: new Date(Date.now() + 24 * 60 * 60 * 1000).toUTCString() };

/** For faults that end with the timeout of an attempt, or of the whole request. */
const TIMES_OUT = { onceTimeoutMs: 20_000, foreverTimeoutMs: 20_000 };

const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.0' };

const FAULTS: Readonly<Record<string, FaultCase>> = {
  'headers that never come': {
    fault: stallHeaders,
    carriedOut: true,
    forever: 'UNAVAILABLE',
    ...TIMES_OUT,
  },
  'a body that stops half way': {
    fault: stallBody,
    carriedOut: true,
    forever: 'UNAVAILABLE',
    ...TIMES_OUT,
  },
  'a body that drips': {
    fault: slowDrip,
    carriedOut: true,
    forever: 'UNAVAILABLE',
    allowsEmptyResponse: true,
    ...TIMES_OUT,
  },
  '429 with Retry-After': {
    fault: answering(429, { 'retry-after': '1', 'content-type': 'text/plain' }, 'slow down'),
    forever: 'THROTTLED',
    foreverTimeoutMs: 12_000,
  },
  'a ThrottlingException': {
    fault: failingWith(400, 'ThrottlingException'),
    forever: 'THROTTLED',
    foreverTimeoutMs: 12_000,
  },
  'a reset before the request is sent on': { fault: resetBefore, forever: 'UNAVAILABLE' },
  'a reset after it was carried out': { fault: resetAfter, carriedOut: true, forever: 'UNAVAILABLE' },
  'JSON that ends half way': { fault: truncate, carriedOut: true, forever: 'UNAVAILABLE' },
  'a body of 50 MB': { fault: padWithSpaces(50 * 1024 * 1024), carriedOut: true, forever: 'UNAVAILABLE' },
  'a wrong content type': {
    fault: withHeaders({ 'content-type': 'text/html; charset=utf-8' }),
    carriedOut: true,
    forever: 'UNAVAILABLE',
  },
  'HTML under 502': {
    fault: answering(502, { 'content-type': 'text/html', ...A_DAY_OFF }, '<h1>Bad Gateway</h1>'),
    forever: 'UNAVAILABLE',
  },
  'an empty 200': { fault: answering(200, {}, ''), forever: 'UNAVAILABLE' },
  'JSON without the expected members': {
    fault: answering(200, JSON_TYPE, '{"a":1}'),
    // Well-formed JSON, so the network did not break it and a retry would not help.
    once: 'UNAVAILABLE',
    forever: 'UNAVAILABLE',
    allowsEmptyResponse: true,
  },
  'an InternalServerException': {
    fault: failingWith(500, 'InternalServerException'),
    forever: 'UNAVAILABLE',
  },
  'a 4xx of unknown shape': {
    fault: answering(400, JSON_TYPE, '{"oops":["?"]}'),
    // The SDK never retries an unknown 4xx.
    once: 'UNAVAILABLE',
    forever: 'UNAVAILABLE',
  },
  'a 503 of unknown shape': { fault: answering(503, JSON_TYPE, '["?"]'), forever: 'UNAVAILABLE' },
  'rejected credentials': {
    fault: failingWith(400, 'UnrecognizedClientException'),
    once: 'UNAVAILABLE',
    forever: 'UNAVAILABLE',
  },
  'a wrong clock': { fault: withHeaders(A_DAY_OFF), carriedOut: true, forever: 'right' },
};

describe('The SDK adapter over a broken network', () => {
  let endpoint: SignedEndpoint;
  let proxy: FaultProxy;
  let round = 0;
  /** Choose the faults of all tests that run concurrently. */
  const faultChoosers = new Set<(exchange: Exchange) => Fault | undefined>();

  beforeAll(async () => {
    endpoint = await startSignedEndpoint();
    proxy = await startFaultProxy(endpoint.origin);
  });

  beforeEach(() => {
    proxy.use((exchange) => {
      for (const faultFor of faultChoosers) {
        const fault = faultFor(exchange);
        if (fault) return fault;
      }
      return undefined;
    });
  });

  afterAll(async () => {
    await proxy.stop();
    await endpoint.stop();
  });

  /** Performs all operations concurrently, each on its own connection, with the fault in those of its calls that `breaks` selects. */
  async function performAll(fault: Fault, timeoutMs: number, breaks: (exchange: Exchange) => boolean) {
    round += 1;
    const plane = endpoint.service.session(ADMIN);
    const work = await Promise.all(
      OPERATIONS.map(async (operation, index) => {
        const connection = await plane.createConnection({
          managementAccountId: MANAGEMENT,
          environmentName: `round-${String(round)}-${String(index)}`,
          roleArn: OLD_ROLE,
          codebuildRoleArn: OLD_ROLE,
          tags: [{ key: 'old', value: '' }],
        });
        return { operation, connection };
      }),
    );
    const faultFor = (exchange: Exchange) => {
      const item = work.find(({ connection: { id, environmentName } }) =>
        [id, environmentName].some((name) => exchange.body.includes(name)),
      );
      return item?.operation.target === exchange.operation && breaks(exchange) ? fault : undefined;
    };
    faultChoosers.add(faultFor);
    const { service } = createSdkService({
      endpointUrl: proxy.origin,
      credentialsFor: endpoint.credentialsFor,
      ...TARGETS,
      timeoutMs,
    });
    try {
      return await Promise.all(
        work.map(async ({ operation, connection }) => {
          const startedAt = performance.now();
          const outcome = await operation.perform(service.session(ADMIN), connection).then(
            (result): Outcome => (operation.isRight(result, connection) ? 'right' : 'wrong'),
            (failure: unknown): Outcome => {
              if (failure instanceof ProtonFailure) return failure.code;
              throw failure;
            },
          );
          const tookMs = performance.now() - startedAt;
          return { operation, outcome, tookMs, times: await timesCarriedOut(operation, connection) };
        }),
      );
    } finally {
      faultChoosers.delete(faultFor);
      service.close();
    }
  }

  /** How often the endpoint carried out an operation, according to its history. */
  async function timesCarriedOut({ name, event }: Operation, connection: ConnectionView) {
    const plane = endpoint.service.session(ADMIN);
    if (event === undefined) return undefined;
    if (name === 'create') {
      const filter = { environmentName: `${connection.environmentName}-new` };
      const [count] = await plane.countConnections([{ filter }]);
      return count;
    }
    const [history] = await plane.listHistory([{ connection }]);
    return orThrow(history)?.items.filter(({ type }) => type === event).length;
  }

  /** Only the first attempt fails; the SDK retries. */
  async function expectOnce(name: string, given: FaultCase) {
    const { fault, once: outcome = 'right', onceTimeoutMs: timeoutMs = 40_000 } = given;
    const ends = await performAll(fault, timeoutMs, ({ attempt }) => attempt === 1);
    expectEnds(ends, given, { what: `${name}, once`, outcome, timeoutMs });
  }

  /** Every attempt fails. */
  async function expectForever(name: string, given: FaultCase) {
    const { fault, forever: outcome, foreverTimeoutMs: timeoutMs = 40_000 } = given;
    const ends = await performAll(fault, timeoutMs, () => true);
    expectEnds(ends, given, { what: `${name}, at every attempt`, outcome, timeoutMs });
  }

  function expectEnds(
    ends: Awaited<ReturnType<typeof performAll>>,
    given: FaultCase,
    { what, outcome, timeoutMs }: { what: string; outcome: Outcome; timeoutMs: number },
  ) {
    const times = given.carriedOut === true || outcome === 'right' ? 1 : 0;
    expect(ends.map(({ operation: { name }, ...end }) => [what, name, end.outcome, end.times])).toEqual(
      ends.map(({ operation: { name, event, hasEmptyResponse } }) => [
        what,
        name,
        given.allowsEmptyResponse === true && hasEmptyResponse === true ? 'right' : outcome,
        event === undefined ? undefined : times,
      ]),
    );
    expect(Math.max(...ends.map(({ tookMs }) => tookMs))).toBeLessThan(timeoutMs + SLACK_MS);
  }

  // The tests mostly wait, so each tests several faults concurrently: the first all those that end with a timeout.
  const cases = Object.entries(FAULTS);
  const groups = cases.flatMap((_, index) => (index % 3 === 0 ? [cases.slice(index, index + 3)] : []));

  it.each(groups.map((group) => [group.map(([name]) => name).join('; and '), group] as const))(
    '%s: every operation ends with the right code, in time, and is carried out at most once',
    async (_, group) => {
      await Promise.all(
        group.flatMap(([name, given]) => [expectOnce(name, given), expectForever(name, given)]),
      );
    },
  );

  it('reads only a few megabytes of an endless response', async () => {
    let sent = 0;
    const endless = padWithSpaces(Infinity, (bytes) => {
      sent += bytes;
    });
    proxy.use(() => endless);
    const { service } = createSdkService({
      endpointUrl: proxy.origin,
      credentialsFor: endpoint.credentialsFor,
      ...TARGETS,
    });
    const filter = { environmentAccountId: ENVIRONMENT };
    const results = await service.session(ADMIN).listConnections([{ filter }]);
    expect(results).toMatchObject([{ code: 'UNAVAILABLE' }]);
    // Three attempts, each with what the buffers on the way hold.
    expect(sent).toBeLessThan(3 * 16 * 1024 * 1024);
    service.close();
  });

  it('fails with UNAVAILABLE, which is retryable, if nothing listens at the endpoint', async () => {
    const gone = await startFaultProxy(endpoint.origin);
    await gone.stop();
    const { service, reports } = createSdkService({
      endpointUrl: gone.origin,
      credentialsFor: endpoint.credentialsFor,
      ...TARGETS,
      timeoutMs: 10_000,
    });
    const connection = await endpoint.service.session(ADMIN).createConnection({
      managementAccountId: MANAGEMENT,
      environmentName: 'unreachable',
      roleArn: OLD_ROLE,
    });
    const attempts = OPERATIONS.map(({ perform }) =>
      perform(service.session(ADMIN), connection).catch((error: unknown) => error),
    );
    for (const failure of await Promise.all(attempts)) {
      expect(failure).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
      expect((failure as Error).message).not.toMatch(/127\.0\.0\.1|ECONN|connect/);
    }
    expect(reports).toContainEqual(expect.objectContaining({ kind: 'unexpected', attempts: 3 }));
    service.close();
  });

  it('ignores the wrong clock of a proxy', async () => {
    const { service } = createSdkService({
      endpointUrl: proxy.origin,
      credentialsFor: endpoint.credentialsFor,
      ...TARGETS,
      timeoutMs: 5_000,
    });
    const session = service.session(ADMIN);
    const wrongTimes = [
      withHeaders(A_DAY_OFF),
      failingWith(400, 'ValidationException', A_DAY_OFF),
      failingWith(500, 'InternalServerException', A_DAY_OFF),
    ];
    for (const fault of wrongTimes) {
      let broken = 0;
      proxy.use(() => (broken++ === 0 ? fault : undefined));
      const list = () =>
        session.listConnections([{ filter: { environmentAccountId: ENVIRONMENT, region: 'us-east-1' } }]);
      await list();
      expect(orThrow((await list())[0])?.items).not.toHaveLength(0);
    }
    service.close();
  });

  it('corrects its clock when Proton rejects it, and corrects it back', async () => {
    let skew = 60 * 60 * 1000;
    const ahead = await startSignedEndpoint({ signaturesAt: () => Date.now() + skew });
    const { service } = createSdkService({ endpointUrl: ahead.origin, credentialsFor: ahead.credentialsFor });
    const session = service.session(ADMIN);
    const created = await session.createConnection({
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName: 'an-hour-ahead',
    });
    for (skew of [0, -60 * 60 * 1000, 0]) {
      expect(await session.findConnections([created])).toMatchObject([{ id: created.id }]);
    }
    service.close();
    await ahead.stop();
  });

  it('cancels its call to Proton as soon as the client is gone', async () => {
    const { service } = createSdkService({
      endpointUrl: proxy.origin,
      credentialsFor: endpoint.credentialsFor,
      ...TARGETS,
    });
    const client = new AbortController();
    const reached = new Promise<Exchange>((resolve) => {
      proxy.use((exchange) => () => {
        resolve(exchange);
      });
    });
    const call = service
      .session(ADMIN, { signal: client.signal })
      .listConnections([{ filter: { environmentAccountId: ENVIRONMENT, region: 'us-east-1' } }]);
    const { abandoned } = await reached;
    const gone = performance.now();
    client.abort();
    await abandoned;
    // Long before the attempt would time out.
    expect(performance.now() - gone).toBeLessThan(SLACK_MS);
    expect(await call).toMatchObject([{ code: 'UNAVAILABLE' }]);
    service.close();
  });

  it('has one deadline for all calls of a session', async () => {
    const { service } = createSdkService({
      endpointUrl: proxy.origin,
      credentialsFor: endpoint.credentialsFor,
      ...TARGETS,
      timeoutMs: 400,
    });
    const session = service.session(ADMIN);
    proxy.use(() => stallHeaders);
    const list = { filter: { environmentAccountId: ENVIRONMENT, region: 'us-east-1' } };
    expect(await session.listConnections([list])).toMatchObject([{ code: 'UNAVAILABLE' }]);
    proxy.use(() => undefined);
    // The session's time is up; a new session has its own.
    expect(await session.listConnections([list])).toMatchObject([{ code: 'UNAVAILABLE' }]);
    expect(await service.session(ADMIN).listConnections([list])).toMatchObject([{ hasPreviousPage: false }]);
    service.close();
  });
});

function orThrow<Value>(result: Value | Error): Value {
  if (result instanceof Error) throw result;
  return result;
}
