import type { ConnectionView } from '../../src/proton/connection';
import { ProtonFailure, type FailureCode } from '../../src/proton/failure';
import type { ProtonSession } from '../../src/proton/proton-service';
import { unrestrictedViewer } from '../../src/proton/viewer';
import {
  answering,
  drownIn,
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
/** Few places, so that what is measured is the fault and not the search for what it befalls. */
const PLACES = { accounts: [ENVIRONMENT, MANAGEMENT], regions: [region('us-east-1')] };

/** Time beyond the deadline that a busy machine may take to notice it. */
const SLACK_MS = 5_000;

interface Operation {
  readonly name: string;
  /** The call on the wire that is broken; what comes before it gets through. */
  readonly target: string;
  readonly perform: (session: ProtonSession, connection: ConnectionView) => Promise<unknown>;
  /** The event that it leaves, if it writes. */
  readonly event?: string;
  /** Whether Proton may answer it with an empty object. */
  readonly saysNothing?: boolean;
  /** Whether an answer is the one that the operation should give. */
  readonly isRight: (answer: unknown, connection: ConnectionView) => boolean;
}

const isIts = (answer: unknown, { id }: ConnectionView) => (answer as ConnectionView).id === id;

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
    isRight: (answer, { environmentName }) =>
      (answer as ConnectionView).environmentName === `${environmentName}-new`,
  },
  {
    name: 'update',
    target: 'UpdateEnvironmentAccountConnection',
    perform: (session, { id }) => session.updateConnection({ id, roleArn: NEW_ROLE }),
    event: 'UPDATED',
    isRight: (answer) => (answer as ConnectionView).roleArn === NEW_ROLE,
  },
  {
    name: 'accept',
    target: 'AcceptEnvironmentAccountConnection',
    perform: (session, { id }) => session.acceptConnection({ id }),
    event: 'ACCEPTED',
    isRight: (answer) => (answer as ConnectionView).status === 'CONNECTED',
  },
  {
    name: 'reject',
    target: 'RejectEnvironmentAccountConnection',
    perform: (session, { id }) => session.rejectConnection({ id }),
    event: 'REJECTED',
    isRight: (answer) => (answer as ConnectionView).status === 'REJECTED',
  },
  {
    name: 'delete',
    target: 'DeleteEnvironmentAccountConnection',
    perform: (session, { id }) => session.deleteConnection({ id }),
    event: 'DELETED',
    saysNothing: true,
    isRight: isIts,
  },
  {
    name: 'tag',
    target: 'TagResource',
    perform: (session, { id }) => session.tagConnection({ id, tags: [{ key: 'new', value: '' }] }),
    event: 'TAGGED',
    saysNothing: true,
    isRight: isIts,
  },
  {
    name: 'untag',
    target: 'UntagResource',
    perform: (session, { id }) => session.untagConnection({ id, tagKeys: ['old'] }),
    event: 'UNTAGGED',
    saysNothing: true,
    isRight: isIts,
  },
  {
    name: 'find',
    target: 'GetEnvironmentAccountConnection',
    perform: async (session, { id }) => thrown((await session.findConnections([{ id }]))[0]),
    isRight: isIts,
  },
  {
    name: 'list',
    target: 'ListEnvironmentAccountConnections',
    async perform(session, { environmentName }) {
      const participation = { accountId: ENVIRONMENT, role: 'ENVIRONMENT_ACCOUNT' } as const;
      const filter = { environmentName, region: 'us-east-1' };
      return thrown((await session.listConnections([{ participation, filter }]))[0])?.items[0];
    },
    isRight: isIts,
  },
  {
    name: 'read the tags',
    target: 'ListTagsForResource',
    perform: async (session, connection) => thrown((await session.readTags([connection]))[0]),
    isRight: (answer) => JSON.stringify(answer) === '[{"key":"old","value":""}]',
  },
  {
    name: 'read the role for CodeBuild',
    target: 'GetEnvironmentAccountConnection',
    perform: async (session, connection) => {
      // As a list shows it.
      const { codebuildRoleArn, ...listed } = connection;
      const [answer] = await session.readCodebuildRoles([listed]);
      return answer === codebuildRoleArn ? answer : thrown(answer);
    },
    isRight: (answer) => answer === OLD_ROLE,
  },
];

/** What an operation ends with: its answer was right, or the code of its failure. */
type Outcome = 'right' | 'wrong' | FailureCode;

interface FaultCase {
  readonly fault: Fault;
  /** Whether the endpoint carries out what it is asked, though its answer never arrives as it was. */
  readonly carriedOut?: boolean;
  /** How operations end of which only the first attempt is broken, in their own time. */
  readonly once?: Outcome;
  /** Time enough, unless the case is one of waiting for it to be over. */
  readonly onceTimeoutMs?: number;
  readonly foreverTimeoutMs?: number;
  /** How they end where every attempt is broken. */
  readonly forever: Outcome;
  /** Whether it leaves an answer of nothing as it is, which is all that some operations have to say. */
  readonly sparesNothing?: boolean;
}

const A_DAY_OFF = { date: new Date(Date.now() + 24 * 60 * 60 * 1000).toUTCString() };

/** These end with the deadline of an attempt, or of all. */
const UNTIL_IT_IS_OVER = { onceTimeoutMs: 5_000, foreverTimeoutMs: 2_500 };

const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.0' };

const FAULTS: Readonly<Record<string, FaultCase>> = {
  'headers that never come': {
    fault: stallHeaders,
    carriedOut: true,
    forever: 'UNAVAILABLE',
    ...UNTIL_IT_IS_OVER,
  },
  'a body that stops half way': {
    fault: stallBody,
    carriedOut: true,
    forever: 'UNAVAILABLE',
    ...UNTIL_IT_IS_OVER,
  },
  'a body that drips': {
    fault: slowDrip,
    carriedOut: true,
    forever: 'UNAVAILABLE',
    sparesNothing: true,
    ...UNTIL_IT_IS_OVER,
    // The shortest answers take little more than a second to drip.
    foreverTimeoutMs: 1_500,
  },
  '429 with Retry-After': {
    fault: answering(429, { 'retry-after': '1', 'content-type': 'text/plain' }, 'slow down'),
    forever: 'THROTTLED',
    foreverTimeoutMs: 3_000,
  },
  'a ThrottlingException': {
    fault: failingWith(400, 'ThrottlingException'),
    forever: 'THROTTLED',
    foreverTimeoutMs: 3_000,
  },
  'a reset before the request is sent on': { fault: resetBefore, forever: 'UNAVAILABLE' },
  'a reset after it was carried out': { fault: resetAfter, carriedOut: true, forever: 'UNAVAILABLE' },
  'JSON that ends half way': { fault: truncate, carriedOut: true, forever: 'UNAVAILABLE' },
  'a body of 50 MB': { fault: drownIn(50 * 1024 * 1024), carriedOut: true, forever: 'UNAVAILABLE' },
  'a content type that is none of Proton’s': {
    fault: withHeaders({ 'content-type': 'text/html; charset=utf-8' }),
    carriedOut: true,
    forever: 'UNAVAILABLE',
  },
  'HTML under 502': {
    fault: answering(502, { 'content-type': 'text/html', ...A_DAY_OFF }, '<h1>Bad Gateway</h1>'),
    forever: 'UNAVAILABLE',
  },
  'an empty 200': { fault: answering(200, {}, ''), forever: 'UNAVAILABLE' },
  'JSON without what was asked for': {
    fault: answering(200, JSON_TYPE, '{"a":1}'),
    // Well-formed, so no network broke it; asking again would bring the same.
    once: 'UNAVAILABLE',
    forever: 'UNAVAILABLE',
    sparesNothing: true,
  },
  'an InternalServerException': {
    fault: failingWith(500, 'InternalServerException'),
    forever: 'UNAVAILABLE',
  },
  'an error of no known shape': {
    fault: answering(400, JSON_TYPE, '{"oops":["?"]}'),
    // Whatever a 4xx means, it is final to the SDK.
    once: 'UNAVAILABLE',
    forever: 'UNAVAILABLE',
  },
  'an outage of no known shape': { fault: answering(503, JSON_TYPE, '["?"]'), forever: 'UNAVAILABLE' },
  'refused credentials': {
    fault: failingWith(400, 'UnrecognizedClientException'),
    once: 'UNAVAILABLE',
    forever: 'UNAVAILABLE',
  },
  'a wrong clock': { fault: withHeaders(A_DAY_OFF), carriedOut: true, forever: 'right' },
};

describe('The SDK adapter on a broken wire', () => {
  let endpoint: SignedEndpoint;
  let proxy: FaultProxy;
  let round = 0;
  /** What is broken on the wire at the moment, by whoever broke it. */
  const breaking = new Set<(exchange: Exchange) => Fault | undefined>();

  beforeAll(async () => {
    endpoint = await startSignedEndpoint();
    proxy = await startFaultProxy(endpoint.origin);
  });

  beforeEach(() => {
    proxy.use((exchange) => {
      for (const faultFor of breaking) {
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

  /** Performs every operation at once, each on a connection of its own, while what `breaks` chooses of its calls is broken. */
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
      const concerned = work.find(({ connection: { id, environmentName } }) =>
        [id, environmentName].some((name) => exchange.body.includes(name)),
      );
      return concerned?.operation.target === exchange.operation && breaks(exchange) ? fault : undefined;
    };
    breaking.add(faultFor);
    const { service } = createSdkService({
      endpointUrl: proxy.origin,
      credentialsFor: endpoint.credentialsFor,
      ...PLACES,
      timeoutMs,
    });
    try {
      return await Promise.all(
        work.map(async ({ operation, connection }) => {
          const began = performance.now();
          const outcome = await operation.perform(service.session(ADMIN), connection).then(
            (answer): Outcome => (operation.isRight(answer, connection) ? 'right' : 'wrong'),
            (failure: unknown): Outcome => {
              if (failure instanceof ProtonFailure) return failure.code;
              throw failure;
            },
          );
          const tookMs = performance.now() - began;
          return { operation, outcome, tookMs, times: await timesCarriedOut(operation, connection) };
        }),
      );
    } finally {
      breaking.delete(faultFor);
      service.close();
    }
  }

  /** How often the endpoint did what was asked, by its own history. */
  async function timesCarriedOut({ name, event }: Operation, connection: ConnectionView) {
    const plane = endpoint.service.session(ADMIN);
    if (event === undefined) return undefined;
    if (name === 'create') {
      const filter = { environmentName: `${connection.environmentName}-new` };
      const [count] = await plane.countConnections([{ filter }]);
      return count;
    }
    const [history] = await plane.listHistory([{ connection }]);
    return thrown(history)?.items.filter(({ type }) => type === event).length;
  }

  /** Only the first attempt is broken: the SDK makes another. */
  async function expectOnce(name: string, given: FaultCase) {
    const { fault, once: outcome = 'right', onceTimeoutMs: timeoutMs = 10_000 } = given;
    const ends = await performAll(fault, timeoutMs, ({ attempt }) => attempt === 1);
    expectEnds(ends, given, { what: `${name}, once`, outcome, timeoutMs });
  }

  /** Every attempt is broken. */
  async function expectForever(name: string, given: FaultCase) {
    const { fault, forever: outcome, foreverTimeoutMs: timeoutMs = 10_000 } = given;
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
      ends.map(({ operation: { name, event, saysNothing } }) => [
        what,
        name,
        given.sparesNothing === true && saysNothing === true ? 'right' : outcome,
        event === undefined ? undefined : times,
      ]),
    );
    expect(Math.max(...ends.map(({ tookMs }) => tookMs))).toBeLessThan(timeoutMs + SLACK_MS);
  }

  // Most of the time is spent waiting, so two faults are waited for at a time.
  const cases = Object.entries(FAULTS);
  const pairs = cases.flatMap((_, index) => (index % 2 === 0 ? [cases.slice(index, index + 2)] : []));

  it.each(pairs.map((pair) => [pair.map(([name]) => name).join('; and '), pair] as const))(
    '%s: every operation ends with the right code, in bounded time, and takes place once at the most',
    async (_, pair) => {
      await Promise.all(
        pair.flatMap(([name, given]) => [expectOnce(name, given), expectForever(name, given)]),
      );
    },
  );

  it('reads a few megabytes of an endless answer and no more', async () => {
    let sent = 0;
    const endless = drownIn(Infinity, (bytes) => {
      sent += bytes;
    });
    proxy.use(() => endless);
    const { service } = createSdkService({
      endpointUrl: proxy.origin,
      credentialsFor: endpoint.credentialsFor,
      ...PLACES,
    });
    const filter = { environmentAccountId: ENVIRONMENT };
    const answers = await service.session(ADMIN).listConnections([{ filter }]);
    expect(answers).toMatchObject([{ code: 'UNAVAILABLE' }]);
    // Three attempts, with what lay in buffers on the way.
    expect(sent).toBeLessThan(3 * 16 * 1024 * 1024);
    service.close();
  });

  it('answers UNAVAILABLE, which is retryable, where nobody listens', async () => {
    const gone = await startFaultProxy(endpoint.origin);
    await gone.stop();
    const { service, reports } = createSdkService({
      endpointUrl: gone.origin,
      credentialsFor: endpoint.credentialsFor,
      ...PLACES,
      timeoutMs: 700,
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

  it('goes on when a proxy has told it a wrong time', async () => {
    const { service } = createSdkService({
      endpointUrl: proxy.origin,
      credentialsFor: endpoint.credentialsFor,
      ...PLACES,
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
      expect(thrown((await list())[0])?.items).not.toHaveLength(0);
    }
    service.close();
  });

  it('takes Proton’s time where its own is wrong, and takes it back', async () => {
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

  it('is given up at Proton as soon as the client is gone', async () => {
    const { service } = createSdkService({
      endpointUrl: proxy.origin,
      credentialsFor: endpoint.credentialsFor,
      ...PLACES,
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
    // Long before the attempt would have been given up anyway.
    expect(performance.now() - gone).toBeLessThan(SLACK_MS);
    expect(await call).toMatchObject([{ code: 'UNAVAILABLE' }]);
    service.close();
  });

  it('has one deadline for all that a session does', async () => {
    const { service } = createSdkService({
      endpointUrl: proxy.origin,
      credentialsFor: endpoint.credentialsFor,
      ...PLACES,
      timeoutMs: 400,
    });
    const session = service.session(ADMIN);
    proxy.use(() => stallHeaders);
    const list = { filter: { environmentAccountId: ENVIRONMENT, region: 'us-east-1' } };
    expect(await session.listConnections([list])).toMatchObject([{ code: 'UNAVAILABLE' }]);
    proxy.use(() => undefined);
    // The time is over for this one, and another has its own.
    expect(await session.listConnections([list])).toMatchObject([{ code: 'UNAVAILABLE' }]);
    expect(await service.session(ADMIN).listConnections([list])).toMatchObject([{ hasPreviousPage: false }]);
    service.close();
  });
});

function thrown<Value>(answer: Value | Error): Value {
  if (answer instanceof Error) throw answer;
  return answer;
}
