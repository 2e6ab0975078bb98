import { startApp, type RunningApp } from '../support/app';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy';
import { MANAGEMENT } from '../support/proton';
import { startServerProcess, type ServerProcess } from '../support/server-process';

interface GraphqlResponse {
  readonly status: number;
  readonly code: string | undefined;
  readonly message: string;
  readonly body: string;
}

async function ask(
  url: string,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
  operationName?: string,
): Promise<GraphqlResponse> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables, operationName }),
  });
  const body = await response.text();
  const { errors = [] } = JSON.parse(body) as {
    errors?: { message: string; extensions?: { code?: string } }[];
  };
  return {
    status: response.status,
    code: errors[0]?.extensions?.code,
    message: errors[0]?.message ?? '',
    body,
  };
}

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

/** A valid document with this many levels of fields. */
function nested(levels: number): string {
  const circle = [
    'environmentAccountConnections(first: 1)',
    'nodes',
    'managementAccount',
    'environmentAccountConnections(first: 1)',
    'edges',
    'node',
    'environmentAccount',
  ];
  const fields = Array.from({ length: levels - 1 }, (_, index) => circle[index % circle.length] ?? '');
  return `{ ${fields.map((field) => `${field} {`).join(' ')} __typename ${'}'.repeat(levels - 1)} }`;
}

const ENTITIES =
  'query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename } }';
const accounts = (count: number) =>
  Array.from({ length: count }, () => ({ __typename: 'AwsAccount', id: MANAGEMENT }));

/** Fragments that each spread the next one twice, under different fields: 2 to the power of `levels` fields when expanded. */
function doubling(levels: number): string {
  const account = (name: string) => `${name} { environmentAccountConnections(first: 1) { nodes { ...`;
  return `{ environmentAccountConnections(first: 1) { nodes { ...F0 } } }
    ${times(levels, (index) => `fragment F${String(index)} on EnvironmentAccountConnection { ${account('managementAccount')}F${String(index + 1)} } } } ${account('environmentAccount')}F${String(index + 1)} } } } }`)}
    fragment F${String(levels)} on EnvironmentAccountConnection { id }`;
}

describe('A document within its limits', () => {
  let app: RunningApp;

  beforeAll(async () => {
    app = await startApp();
  });

  afterAll(() => app.stop());

  it.each([
    ['twelve levels', nested(12), {}],
    ['thirty aliases', `{ ${times(30, (index) => `a${String(index)}: __typename`)} }`, {}],
    ['twenty directives', `{ ${times(20, () => '__typename @include(if: true)')} }`, {}],
    ['a hundred repetitions', `{ ${times(100, () => '__typename')} }`, {}],
    ['a thousand representations', ENTITIES, { representations: accounts(1_000) }],
    [
      'a thousand entries in a list',
      'query ($s: [EnvironmentAccountConnectionStatus!]) { environmentAccountConnections(filter: { statuses: $s }) { totalCount } }',
      { s: Array.from({ length: 1_000 }, () => 'PENDING') },
    ],
    [
      'a cost of just below ten thousand',
      // 1 + 95 × (1 + 1 + 1 + 100 + 1)
      '{ environmentAccountConnections(first: 95) { nodes { managementAccount { environmentAccountConnections(first: 100) { nodes { id } pageInfo { hasNextPage } } } } } }',
      {},
    ],
    [
      'several operations, each within the limits',
      times(3, (op) => `query Q${String(op)} { ${times(25, (index) => `a${String(index)}: __typename`)} }`),
      {},
    ],
  ])('is executed: %s', async (_name, document, variables) => {
    const { status, body } = await ask(
      app.url,
      document,
      variables,
      document.includes('Q1') ? 'Q1' : undefined,
    );
    expect({ status, errors: body.includes('"errors"') }).toEqual({ status: 200, errors: false });
  });
});

describe('The costs in docs/reference/limits.md', () => {
  let app: RunningApp;

  beforeAll(async () => {
    app = await startApp({ MAX_COST: '1' });
  });

  afterAll(() => app.stop());

  const OWN = 'environmentAccountConnections { nodes { id } pageInfo { hasNextPage } }';

  it.each([
    [21, '{ environmentAccountConnections { nodes { id } } }', {}],
    [
      302,
      '{ environmentAccountConnections(first: 100) { nodes { id managementAccount { id } environmentAccount { id } } pageInfo { hasNextPage } } }',
      {},
    ],
    [1_000, ENTITIES, { representations: accounts(1_000) }],
    [
      4_000,
      'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on EnvironmentAccountConnection { id tags { key value } managementAccount { id } environmentAccount { id } } } }',
      { representations: accounts(1_000) },
    ],
    [
      13,
      'mutation { createEnvironmentAccountConnection(input: { managementAccountId: "1", environmentName: "a" }) { success data { id } error { code violations { path } } } }',
      {},
    ],
    [
      7_102,
      `{ environmentAccountConnections(first: 100) { pageInfo { hasNextPage } edges { cursor node { id tags { key } history { nodes { id } pageInfo { hasNextPage } } managementAccount { ${OWN} } environmentAccount { ${OWN} } } } } }`,
      {},
    ],
    [
      10_201,
      '{ environmentAccountConnections(first: 100) { nodes { history(first: 100) { nodes { id } } } } }',
      {},
    ],
    [
      21,
      'query ($no: Boolean = false) { environmentAccountConnections { nodes { id } } a: environmentAccountConnections @include(if: $no) { nodes { id } } ... @skip(if: true) { b: environmentAccountConnections { nodes { id } } } }',
      {},
    ],
    [
      42,
      'query ($yes: Boolean!) { environmentAccountConnections { nodes { id } } ...F @include(if: $yes) } fragment F on Query { environmentAccountConnections { nodes { id } } }',
      { yes: true },
    ],
  ])('are correct: %d', async (cost, document, variables) => {
    const { code, message } = await ask(app.url, document, variables);
    expect(code).toBe('TOO_EXPENSIVE');
    expect(message).toContain(`costs ${cost.toLocaleString('en')};`);
  });
});

describe('An invalid page size', () => {
  let app: RunningApp;

  beforeAll(async () => {
    app = await startApp();
  });

  afterAll(() => app.stop());

  it.each([0, -1, 101, 100_000, 2_147_483_647])(
    'is BAD_USER_INPUT and not TOO_EXPENSIVE, whatever it multiplies: %d',
    async (size) => {
      const selection = 'nodes { history(first: 100) { nodes { id } } }';
      const written = `{ environmentAccountConnections(first: ${String(size)}) { ${selection} } }`;
      const given = `query ($n: Int) { environmentAccountConnections(first: $n) { ${selection} } }`;
      for (const response of [await ask(app.url, written), await ask(app.url, given, { n: size })]) {
        expect(response).toMatchObject({ status: 200, code: 'BAD_USER_INPUT' });
      }
    },
  );

  it.each(['100', 1.5, true, [], {}, 1e300])('of the wrong type is a client error: %j', async (size) => {
    const response = await ask(
      app.url,
      'query ($n: Int) { environmentAccountConnections(first: $n) { nodes { id } } }',
      { n: size },
    );
    expect(response).toMatchObject({ status: 400, code: 'BAD_USER_INPUT' });
  });

  it('of null means 20, like a missing one', async () => {
    // Costs 1 + 100 × (1 + 1 + 100) with 100, and 1 + 20 × 102 with the default.
    const document =
      'query ($n: Int, $m: Int) { environmentAccountConnections(first: $n) { nodes { history(first: $m) { nodes { id } } } } }';
    expect((await ask(app.url, document, { n: null, m: 100 })).code).toBeUndefined();
    expect((await ask(app.url, document, { n: 100, m: 100 })).code).toBe('TOO_EXPENSIVE');
    expect((await ask(app.url, document, { n: 100 })).code).toBeUndefined();
  });
});

describe('A document over a limit', () => {
  let behind: RunningApp;
  let proxy: FaultProxy;
  let app: ServerProcess;
  let calls = 0;

  beforeAll(async () => {
    behind = await startApp();
    proxy = await startFaultProxy(behind.protonEndpoint ?? '');
    proxy.use(() => {
      calls += 1;
      return undefined;
    });
    app = await startServerProcess({
      PROTON_UPSTREAM: proxy.origin,
      PROTON_ACCOUNTS: MANAGEMENT,
      AWS_ACCESS_KEY_ID: MANAGEMENT,
      AWS_SECRET_ACCESS_KEY: 'secret',
    });
  });

  afterAll(async () => {
    await app.end('SIGTERM');
    await proxy.stop();
    await behind.stop();
  });

  const root = (inner: string) => `{ environmentAccountConnections { nodes { id ${inner} } } }`;

  const rejected: readonly (readonly [string, string, string, RegExp, Readonly<Record<string, unknown>>?])[] =
    [
      [
        'tokens',
        `{ environmentAccountConnections(filter: { statuses: [${'PENDING '.repeat(1_985)}] }) { totalCount } }`,
        'TOO_MANY_TOKENS',
        /2,000/,
      ],
      ['levels', nested(13), 'TOO_DEEP', /13 levels.*12 are/],
      [
        'levels, in a fragment',
        `{ ...F } fragment F on Query ${nested(13)}`,
        'TOO_DEEP',
        /13 levels.*12 are/,
      ],
      [
        'levels, in nested fragments',
        `{ ...A } fragment A on Query { environmentAccountConnections { nodes { ...B } } } fragment B on EnvironmentAccountConnection { ... on EnvironmentAccountConnection { managementAccount { environmentAccountConnections { nodes { ...C } } } } } fragment C on EnvironmentAccountConnection { managementAccount { environmentAccountConnections { nodes { managementAccount { environmentAccountConnections { nodes { managementAccount { id } } } } } } } }`,
        'TOO_DEEP',
        /13 levels/,
      ],
      [
        'levels, in an operation that is not executed',
        `query Deep ${nested(13)} query Flat { environmentAccountConnections { totalCount } }`,
        'TOO_DEEP',
        /13 levels/,
      ],
      [
        'levels, under a field named like an introspection field',
        '{ environmentAccountConnections { nodes { __schema { a { b { c { d { e { f { g { h { i { j } } } } } } } } } } } } }',
        'TOO_DEEP',
        /13 levels/,
      ],
      [
        'levels, of introspection deeper than any type',
        `{ __schema { types { fields { args { type { fields { type { fields { type { fields { type { fields { name } } } } } } } } } } } } }`,
        'TOO_DEEP',
        /13 levels/,
      ],
      [
        'aliases',
        `{ ${times(31, (n) => `a${String(n)}: environmentAccountConnections { totalCount }`)} }`,
        'TOO_MANY_ALIASES',
        /31 aliases.*30 are/,
      ],
      [
        'aliases of __typename',
        root(times(31, (n) => `a${String(n)}: __typename`)),
        'TOO_MANY_ALIASES',
        /31/,
      ],
      [
        'aliases in a fragment that is spread many times',
        `{ ${times(4, () => '...F')} } fragment F on Query { ${times(8, (n) => `a${String(n)}: environmentAccountConnections { totalCount }`)} }`,
        'TOO_MANY_ALIASES',
        /32/,
      ],
      [
        'aliases of introspection',
        `{ ${times(31, (n) => `a${String(n)}: __schema { queryType { name } }`)} }`,
        'TOO_MANY_ALIASES',
        /31/,
      ],
      [
        'directives',
        root(times(21, () => '__typename @skip(if: false)')),
        'TOO_MANY_DIRECTIVES',
        /21 directives.*20 are/,
      ],
      ['unknown directives', `{ __typename ${'@aa'.repeat(500)} }`, 'TOO_MANY_DIRECTIVES', /500/],
      [
        'directives on the operation',
        `query ${'@aa'.repeat(21)} { environmentAccountConnections { totalCount } }`,
        'TOO_MANY_DIRECTIVES',
        /21/,
      ],
      [
        'directives on a variable',
        `query ($a: Int ${'@aa'.repeat(21)}) { environmentAccountConnections(first: $a) { totalCount } }`,
        'TOO_MANY_DIRECTIVES',
        /21/,
      ],
      [
        'directives on a fragment',
        `{ ...F } fragment F on Query ${'@aa'.repeat(21)} { environmentAccountConnections { totalCount } }`,
        'TOO_MANY_DIRECTIVES',
        /21/,
      ],
      [
        'directives on an unused fragment',
        `{ environmentAccountConnections { totalCount } } fragment F on Query ${'@aa'.repeat(21)} { __typename }`,
        'TOO_MANY_DIRECTIVES',
        /21/,
      ],
      [
        'directives on spreads and inline fragments',
        `{ ${times(11, () => '...F @skip(if: false) ... @skip(if: false) { __typename }')} } fragment F on Query { __typename }`,
        'TOO_MANY_DIRECTIVES',
        /22/,
      ],
      [
        'repetitions of one field',
        root(times(499, () => 'id')),
        'TOO_EXPENSIVE',
        /selects id 500 times.*100/,
      ],
      [
        'repetitions in several parents of the same name',
        `{ ${times(11, () => `environmentAccountConnections { nodes { ${times(10, () => 'id')} } }`)} }`,
        'TOO_EXPENSIVE',
        /selects id 110 times/,
      ],
      [
        'repetitions in fragments',
        `{ environmentAccountConnections { nodes { ${times(11, () => '...F')} } } } fragment F on EnvironmentAccountConnection { ${times(5, () => 'id')} ... on EnvironmentAccountConnection { ${times(5, () => 'id')} } }`,
        'TOO_EXPENSIVE',
        /selects id 110 times/,
      ],
      [
        'doubling fragments',
        doubling(3)
          .replaceAll('managementAccount {', 'managementAccount { id ')
          .replace(
            '{ id }',
            `{ ${times(99, () => 'id')} ${times(99, () => 'arn')} ${times(99, () => 'region')} }`,
          ),
        'TOO_EXPENSIVE',
        /more than 2,000 selections/,
      ],
      [
        'representations',
        ENTITIES,
        'TOO_MANY_REPRESENTATIONS',
        /1,001 representations.*1,000/,
        { representations: accounts(1_001) },
      ],
      [
        'representations as literals in the document',
        `{ _entities(representations: [${'1 '.repeat(600)}]) { __typename } ...F } fragment F on Query { a: _entities(representations: [${'1 '.repeat(401)}]) { __typename } }`,
        'TOO_MANY_REPRESENTATIONS',
        /1,001 representations.*1,000/,
      ],
      [
        'representations in several lists',
        'query ($a: [_Any!]!, $b: [_Any!]!) { a: _entities(representations: $a) { __typename } ...F } fragment F on Query { b: _entities(representations: $b) { __typename } }',
        'TOO_MANY_REPRESENTATIONS',
        /1,200/,
        { a: accounts(600), b: accounts(600) },
      ],
      [
        'cost, of pages within pages',
        root(
          'managementAccount { environmentAccountConnections(first: 100) { edges { node { history(first: 100) { nodes { id } } } } } }',
        ),
        'TOO_EXPENSIVE',
        /costs [\d,]+; 10,000/,
      ],
      [
        'cost, by variables',
        'query ($n: Int) { environmentAccountConnections(first: $n) { nodes { history(first: $n) { nodes { id } } } } }',
        'TOO_EXPENSIVE',
        /costs 10,201/,
        { n: 100 },
      ],
      [
        'cost, by the default value of a variable',
        'query ($n: Int = 100) { environmentAccountConnections(first: $n) { nodes { history(first: $n) { nodes { id } } } } }',
        'TOO_EXPENSIVE',
        /costs 10,201/,
      ],
      [
        'cost, by a null variable with a smaller default value',
        'query ($n: Int = 0) { environmentAccountConnections(first: 100) { nodes { managementAccount { environmentAccountConnections(first: $n) { nodes { history(first: 5) { nodes { id } } } } } } } }',
        'TOO_EXPENSIVE',
        /costs 14,301/,
        { n: null },
      ],
      [
        'entries in a list',
        'query ($s: [EnvironmentAccountConnectionStatus!]) { environmentAccountConnections(filter: { statuses: $s }) { totalCount } }',
        'BAD_USER_INPUT',
        /\$s" has a list of 1,001 entries; 1,000 are/,
        { s: Array.from({ length: 1_001 }, () => 'PENDING') },
      ],
      [
        'entries in a list within an input',
        'mutation ($i: TagEnvironmentAccountConnectionInput!) { tagEnvironmentAccountConnection(input: $i) { success } }',
        'BAD_USER_INPUT',
        /\$i" has a list of 25,000 entries/,
        { i: { id: 'x', tags: Array.from({ length: 25_000 }, () => ({ key: '', value: '' })) } },
      ],
      [
        'subscriptions, which need another transport',
        'subscription { environmentAccountConnectionStatusChanged { status } }',
        'SUBSCRIPTION_NOT_SUPPORTED',
        /WebSocket/,
      ],
      [
        'cost, of entities',
        'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on AwsAccount { environmentAccountConnections { nodes { id } } } } }',
        'TOO_EXPENSIVE',
        /costs 11,000/,
        { representations: accounts(500) },
      ],
      [
        'cost, under one alias for all',
        `{ ${times(6, () => 'environmentAccountConnections(first: 100) { nodes { history { nodes { id } } } }')} }`,
        'TOO_EXPENSIVE',
        /costs/,
      ],
      [
        'cost, of writes',
        `mutation { ${times(30, (n) => `a${String(n)}: deleteEnvironmentAccountConnection(input: { id: "x" }) { data { history(first: 100) { nodes { id } } managementAccount { environmentAccountConnections(first: 100) { nodes { tags { key } managementAccount { id } } } } } }`)} }`,
        'TOO_EXPENSIVE',
        /costs/,
      ],
    ];

  it.each(
    rejected.map(([name, document, code, message, variables = {}]) => ({
      name,
      document,
      code,
      message,
      variables,
    })),
  )('is rejected before any call to the service: $name', async ({ document, code, message, variables }) => {
    const before = calls;
    const response = await ask(
      app.url,
      document,
      variables,
      document.includes('query Flat') ? 'Flat' : undefined,
    );
    expect({ status: response.status, code: response.code, message: response.message }).toEqual({
      status: 400,
      code,
      message: expect.stringMatching(message) as string,
    });
    expect(calls).toBe(before);
  });

  it('calls the service when it is smaller', async () => {
    const before = calls;
    await ask(app.url, root(''));
    expect(calls).toBeGreaterThan(before);
  });

  it('is checked again for each request, with its variables', async () => {
    const document =
      'query ($n: Int) { environmentAccountConnections(first: $n) { nodes { history(first: $n) { nodes { id } } } } }';
    const codes: (string | undefined)[] = [];
    for (const n of [100, 1, 100, 99]) codes.push((await ask(app.url, document, { n })).code);
    expect(codes).toEqual(['TOO_EXPENSIVE', undefined, 'TOO_EXPENSIVE', undefined]);
  });
});
