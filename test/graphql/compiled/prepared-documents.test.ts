import { extendSchema, type OperationDefinitionNode, parse } from 'graphql';

import { readConfig } from '../../../src/config/config';
import { createGraphqlContext } from '../../../src/graphql/graphql-context';
import { createPreparedDocuments } from '../../../src/graphql/compiled/prepared-documents';
import { createOperationLimits } from '../../../src/graphql/limits/operation-limits';
import { createRateLimits } from '../../../src/http/hooks/rate-limits';
import { RequestRecord } from '../../../src/http/request-log/request-record';
import { ProtonFailure } from '../../../src/proton/failure';
import type { ConnectionView } from '../../../src/proton/connection';
import type { Page } from '../../../src/proton/page';
import { type ProtonSession, whenDone } from '../../../src/proton/proton-service';
import { accountViewer, unrestrictedViewer } from '../../../src/proton/viewer';
import { createContext } from '../../../src/subgraph/context';
import { buildSubgraph } from '../../../src/subgraph/schema';
import { account, createControlPlane } from '../../support/proton';
import { fill, startPathServer, type HttpResult, type PathServer } from '../../support/two-paths';

const GET = 'query Get($id: ID!) { environmentAccountConnection(id: $id) { id environmentName region } }';
const LIST = '{ environmentAccountConnections(first: 100) { nodes { id environmentName } } }';
const COUNT = '{ environmentAccountConnections(first: 1) { totalCount } }';
const CREATE = `mutation Create($name: String!) {
  createEnvironmentAccountConnection(
    input: { managementAccountId: "111111111111", environmentAccountId: "222222222222", environmentName: $name }
  ) { success data { environmentName } error { code } }
}`;

let server: PathServer;
afterEach(() => server.stop());

const send = (query: string, variables: object = {}) => server.post('compiled', { query, variables });
const dataOf = ({ body }: HttpResult) => (JSON.parse(body) as { data: unknown }).data;

/** The increase of the counters that count something in `work`. */
async function counted(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await server.counters();
  await work();
  const after = await server.counters();
  const changes = [...after].map(([name, value]) => [name, value - (before.get(name) ?? 0)] as const);
  return Object.fromEntries(changes.filter(([, change]) => change !== 0));
}

const PROTON_CALLS = 'proton_subgraph_proton_operations_total';
const REQUESTS = 'proton_subgraph_requests_total';

/** Wraps one method of a session. */
function replacing<Name extends keyof ProtonSession>(
  name: Name,
  replace: (session: ProtonSession) => ProtonSession[Name],
): (session: ProtonSession) => ProtonSession {
  return (session) =>
    new Proxy(session, {
      get: (target, property) =>
        property === name
          ? replace(target)
          : (...args: unknown[]) =>
              (Reflect.get(target, property) as (...given: unknown[]) => unknown).apply(target, args),
    });
}

/** A page whose connections take 10 ms to read a field of. */
function slowToWrite<Result>(page: Result | Page<ConnectionView>): Result | Page<ConnectionView> {
  if (typeof page !== 'object' || page === null || !('items' in page)) return page;
  const slow = (connection: ConnectionView): ConnectionView =>
    Object.create(connection, {
      environmentName: {
        get() {
          const end = performance.now() + 10;
          while (performance.now() < end);
          return connection.environmentName;
        },
      },
    }) as ConnectionView;
  return { ...page, items: page.items.map(slow) };
}

describe('A prepared document', () => {
  it('is executed by Apollo Server at first, and without it from then on', async () => {
    server = await startPathServer();
    const { ids } = await fill(server, 3);
    expect(await server.compiled()).toBe(0);
    const first = await send(GET, { id: ids[0] });
    expect(await server.compiled()).toBe(0);
    const second = await send(GET, { id: ids[0] });
    expect(await server.compiled()).toBe(1);
    expect(second.body).toBe(first.body);
    expect(dataOf(await send(GET, { id: ids[1] }))).toMatchObject({
      environmentAccountConnection: { id: ids[1] },
    });
    expect(await server.compiled()).toBe(2);
  });

  it('shows a write as soon as its response has been sent', async () => {
    server = await startPathServer();
    for (let index = 0; index < 5; index += 1) {
      await send(CREATE, { name: `new-${String(index)}` });
      expect(dataOf(await send(COUNT))).toEqual({ environmentAccountConnections: { totalCount: index + 1 } });
      expect(dataOf(await send(LIST))).toMatchObject({
        environmentAccountConnections: {
          nodes: { length: index + 1, 0: { environmentName: `new-${String(index)}` } },
        },
      });
    }
    expect(await server.compiled()).toBeGreaterThan(10);
  });

  it('with many large root fields lets other requests have a turn in between', async () => {
    const responses: string[] = [];
    let whenRead: (() => void) | undefined;
    server = await startPathServer({
      wrapSession: replacing('listConnections', (session) => (requests) => {
        const pages = session.listConnections(requests);
        if (!whenRead) return pages;
        whenRead();
        return whenDone(pages, (read) => read.map(slowToWrite));
      }),
    });
    const { ids } = await fill(server, 1);
    await send(GET, { id: ids[0] });
    const lists = Array.from(
      { length: 20 },
      (_, index) =>
        `list${String(index)}: environmentAccountConnections(first: ${String(index + 1)}) { nodes { environmentName } }`,
    );
    const large = `{ ${lists.join(' ')} }`;
    await send(large);
    // The other request arrives when the lists have been read and only their text is missing.
    const other = new Promise((resolve) => {
      whenRead = () => {
        resolve(send(GET, { id: ids[0] }).then(() => responses.push('small')));
      };
    });
    await send(large).then(() => responses.push('large'));
    await other;
    expect(responses).toEqual(['small', 'large']);
    expect(await server.compiled()).toBe(2);
  });

  it('shows each viewer only their own connections, between requests of others', async () => {
    server = await startPathServer();
    const { ids } = await fill(server, 6);
    const idsFor = async (accountId: string | undefined) => {
      server.setViewer(
        accountId === undefined ? unrestrictedViewer('tester') : accountViewer(account(accountId)),
      );
      const { environmentAccountConnections } = dataOf(await send(LIST)) as {
        environmentAccountConnections: { nodes: { id: string }[] };
      };
      const found = await Promise.all(ids.map((id) => send(GET, { id })));
      const visible = found.filter(({ body }) => !body.includes(':null'));
      expect(visible).toHaveLength(environmentAccountConnections.nodes.length);
      return environmentAccountConnections.nodes.map(({ id }) => id);
    };
    const everything = await idsFor(undefined);
    expect(everything).toHaveLength(6);
    for (let time = 0; time < 2; time += 1) {
      const own = await idsFor('111111111111');
      expect(own.length).toBeGreaterThan(0);
      expect(own.length).toBeLessThan(6);
      expect(await idsFor('000000000000')).toEqual([]);
      expect(await idsFor(undefined)).toEqual(everything);
    }
    expect(await server.compiled()).toBeGreaterThan(20);
  });
});

describe('A prepared document is executed as Apollo Server does', () => {
  /** Sends an operation until it is prepared, and then once on each path. */
  async function expectEqual(operation: object): Promise<void> {
    await server.post('compiled', operation);
    const [compiled, apollo] = [
      await server.post('compiled', operation),
      await server.post('apollo', operation),
    ];
    expect({ status: compiled.status, body: compiled.body }).toEqual({
      status: apollo.status,
      body: apollo.body,
    });
  }

  it.each(['__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty'])(
    'when a variable is called %s, whether it has a value or a default, or is missing',
    async (name) => {
      server = await startPathServer();
      await fill(server, 6);
      const list = (type: string, argument: string) =>
        `query ($${name}: ${type}) { environmentAccountConnections(${argument}: $${name}) { nodes { region } } }`;
      await expectEqual({ query: list('Int', 'first') });
      await expectEqual({ query: list('Int = 2', 'first') });
      await expectEqual({ query: list('String', 'after') });
      await expectEqual({ query: list('EnvironmentAccountConnectionFilter', 'filter') });
      const filtered = list('EnvironmentAccountConnectionFilter = { region: "eu-central-1" }', 'filter');
      await expectEqual({ query: filtered });
      expect((await send(filtered)).body).not.toContain('us-east-1');
      expect(await server.compiled()).toBeGreaterThan(5);
    },
  );

  it('when the document has several operations, and when the name is wrong', async () => {
    server = await startPathServer();
    await fill(server, 2);
    const query = `query One { a: __typename } query Two { environmentAccountConnections { totalCount } }`;
    await expectEqual({ query, operationName: 'One' });
    await expectEqual({ query, operationName: 'Two' });
    await expectEqual({ query, operationName: 'Three' });
    await expectEqual({ query });
    expect(await server.compiled()).toBe(2);
  });

  it('when the text hides a NUL', async () => {
    server = await startPathServer();
    const query = 'query Get { __typename }';
    await expectEqual({ query, operationName: 'Get' });
    await expectEqual({ query: `Get\0${query}` });
    expect((await send(`Get\0${query}`)).status).toBe(400);
  });
});

describe('When a prepared document meets a value that the schema does not allow', () => {
  // Apollo Server writes a number as a string.
  const numbered = <Value>(connection: Value): Value => Object.assign({}, connection, { environmentName: 5 });

  it('Apollo Server responds to a query, which reads and is counted once', async () => {
    server = await startPathServer({
      wrapSession: replacing('findConnections', (session) => async (references) => {
        const found = await session.findConnections(references);
        return found.map((connection) =>
          connection && !(connection instanceof Error) ? numbered(connection) : connection,
        );
      }),
    });
    const { ids } = await fill(server, 1);
    await send(GET, { id: ids[0] });
    const compiled = await server.compiled();
    const changes = await counted(async () => {
      expect(dataOf(await send(GET, { id: ids[0] }))).toMatchObject({
        environmentAccountConnection: { environmentName: '5' },
      });
    });
    expect(await server.compiled()).toBe(compiled);
    expect(changes).toMatchObject({
      [`${PROTON_CALLS}{operation="findConnections",error="none"}`]: 1,
      [`${REQUESTS}{server="graphql",operation="environmentAccountConnection",outcome="OK"}`]: 1,
    });
  });

  it('a mutation writes once, and is counted and charged once', async () => {
    // Enough for three creates of cost 12.
    server = await startPathServer({
      rateLimits: await createRateLimits({ requestsPerMinute: 100, costPerMinute: 36 }),
      wrapSession: replacing(
        'createConnection',
        (session) => async (input) => numbered(await session.createConnection(input)),
      ),
    });
    await send(CREATE, { name: 'prepared' });
    const changes = await counted(async () => {
      expect(dataOf(await send(CREATE, { name: 'once' }))).toEqual({
        createEnvironmentAccountConnection: { success: true, data: { environmentName: '5' }, error: null },
      });
    });
    expect(changes).toMatchObject({
      [`${PROTON_CALLS}{operation="createConnection",error="none"}`]: 1,
      [`${REQUESTS}{server="graphql",operation="createEnvironmentAccountConnection",outcome="OK"}`]: 1,
      'proton_subgraph_store_operation_duration_seconds_count{operation="write"}': 1,
    });
    expect((await send(CREATE, { name: 'third' })).status).toBe(200);
    expect((await send(CREATE, { name: 'fourth' })).status).toBe(429);
  });

  it('an error of the service is reported once, with the same response as by Apollo Server', async () => {
    const broken = new Error('broken');
    let isBroken = false;
    server = await startPathServer({
      wrapSession: replacing('findConnections', (session) => (references) => {
        if (isBroken) throw broken;
        return session.findConnections(references);
      }),
    });
    const { ids } = await fill(server, 1);
    await send(GET, { id: ids[0] });
    isBroken = true;
    const compiled = await server.post('compiled', { query: GET, variables: { id: ids[0] } });
    expect(server.faults).toEqual([broken]);
    const apollo = await server.post('apollo', { query: GET, variables: { id: ids[0] } });
    const withoutId = ({ body }: HttpResult) => body.replace(/request-\d+/, 'request');
    expect([compiled.status, withoutId(compiled)]).toEqual([apollo.status, withoutId(apollo)]);
  });

  it('a failure of a mutation is data, and is reported once if the same call may succeed later', async () => {
    const failure = ProtonFailure.unavailable('Try again later.', new Error('disk'));
    let isUnavailable = false;
    server = await startPathServer({
      wrapSession: replacing(
        'createConnection',
        (session) => (input) => (isUnavailable ? Promise.reject(failure) : session.createConnection(input)),
      ),
    });
    await send(CREATE, { name: 'prepared' });
    isUnavailable = true;
    expect(dataOf(await send(CREATE, { name: 'unlucky' }))).toEqual({
      createEnvironmentAccountConnection: { success: false, data: null, error: { code: 'UNAVAILABLE' } },
    });
    expect(server.faults).toEqual([failure]);
    expect(await server.compiled()).toBe(1);
  });
});

describe('Prepared documents', () => {
  it('leave a selection of a thousand fields to Apollo Server, also if fragments make it of a short document', async () => {
    server = await startPathServer();
    await fill(server, 1);
    const fields =
      'tags { key value } id arn region status environmentName managementAccountId environmentAccountId roleArn componentRoleArn codebuildRoleArn createdAt requestedAt lastModifiedAt';
    const wide = (lists: number) => {
      const aliases = Array.from({ length: lists }, (_, index) => `list${String(index)}`);
      const selected = aliases.map(
        (alias) =>
          `${alias}: environmentAccountConnections(first: 1) { nodes { ...F } edges { cursor node { ...F } } }`,
      );
      return `fragment F on EnvironmentAccountConnection { ${fields} } { ${selected.join(' ')} }`;
    };
    for (const lists of [15, 15, 30, 30, 30]) expect((await send(wide(lists))).status).toBe(200);
    expect(await server.compiled()).toBe(1);
  });

  it('are limited in number: of 10,000 different ones no more than 500 are kept, the latest ones', async () => {
    server = await startPathServer();
    const { schema } = buildSubgraph();
    const { document: limits } = readConfig({}).limits;
    const prepared = createPreparedDocuments(schema, createOperationLimits(schema, limits));
    const textOf = (index: number) => `{ alias${String(index)}: __typename }`;
    const { service, store } = createControlPlane();
    const context = createGraphqlContext(
      createContext(service, unrestrictedViewer('tester'), () => undefined),
      new RequestRecord('id', { server: 'graphql', observe: () => undefined }),
      () => undefined,
    );
    const isKept = (index: number) => typeof prepared.execute({ query: textOf(index) }, context) === 'string';
    for (let index = 0; index < 10_000; index += 1) {
      const document = parse(textOf(index));
      prepared.add(textOf(index), undefined, {
        document,
        operation: document.definitions[0] as OperationDefinitionNode,
      });
    }
    // From the latest to the oldest, because a use makes a document one of the latest.
    const kept = Array.from({ length: 10_000 }, (_, index) => isKept(9_999 - index));
    await store.close();
    expect(kept.lastIndexOf(true)).toBe(kept.filter(Boolean).length - 1);
    expect(kept.filter(Boolean).length).toBeGreaterThan(100);
    expect(kept.filter(Boolean).length).toBeLessThanOrEqual(500);
  });

  it('keep the text of a connection that the store keeps when it is written again, unless it is long', async () => {
    const returned: unknown[] = [];
    server = await startPathServer({
      wrapSession: replacing('findConnections', (session) => (references) => {
        const found = session.findConnections(references);
        returned.push(...(found as readonly unknown[]));
        return found;
      }),
    });
    const { ids } = await fill(server, 1);
    const aliases = Array.from({ length: 20 }, (_, index) => `arn${String(index)}: arn`).join(' ');
    const long = `query ($id: ID!) { environmentAccountConnection(id: $id) { ${aliases} } }`;
    for (const query of [GET, GET]) await send(query, { id: ids[0] });
    expect(returned).toMatchObject([{}, { rendering: { text: undefined } }]);
    await send(GET, { id: ids[0] });
    const kept = { rendering: { text: expect.stringMatching(/^\{"id":.{1,200}\}$/) as unknown } };
    expect(returned[2]).toMatchObject(kept);
    for (const query of [long, long]) await send(query, { id: ids[0] });
    expect(returned.slice(3)).toMatchObject([kept, kept]);
    expect(await server.compiled()).toBe(3);
  });

  it('need a schema whose connection has no fields that they do not know', () => {
    const { schema } = buildSubgraph();
    const { document } = readConfig({}).limits;
    const extended = extendSchema(
      schema,
      parse('extend type EnvironmentAccountConnection { color: String }'),
    );
    const prepare = () => createPreparedDocuments(extended, createOperationLimits(extended, document));
    expect(prepare).toThrow(
      'CONNECTION_FIELDS in src/graphql/compiled/writers.ts and the schema differ: color',
    );
  });
});
