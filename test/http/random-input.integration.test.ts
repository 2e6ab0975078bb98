import fc from 'fast-check';

import { startApp, type RunningApp } from '../support/app';
import { dataOf } from '../support/graphql-client';

/** Every mutation, with its input as a variable. */
const MUTATIONS = ['create', 'update', 'accept', 'reject', 'delete', 'tag', 'untag'].map((verb) => {
  const type = `${verb.charAt(0).toUpperCase()}${verb.slice(1)}EnvironmentAccountConnectionInput`;
  return `mutation ($input: ${type}!) { it: ${verb}EnvironmentAccountConnection(input: $input) { success data { id } error { code message violations { path message } } } }`;
});

const QUERIES = [
  'query ($a: ID!) { it: environmentAccountConnection(id: $a) { id } }',
  'query ($a: ID!) { it: environmentAccountConnectionByArn(arn: $a) { id } }',
  'query ($a: Int) { it: environmentAccountConnections(first: $a) { nodes { id } } }',
  'query ($a: String) { it: environmentAccountConnections(after: $a) { nodes { id } } }',
  'query ($a: EnvironmentAccountConnectionFilter) { it: environmentAccountConnections(filter: $a) { totalCount nodes { id } } }',
  'query ($a: [_Any!]!) { it: _entities(representations: $a) { __typename } }',
];

const strings = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    '',
    "'; DROP TABLE connections; --",
    '\u0000',
    '\ud800',
    '111111111111',
    'arn:aws:iam::222222222222:role/x',
    '$ref',
  ),
);
const values = fc.oneof(
  strings,
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(null, 0, -1, 1e308, true, [], {}),
);
const inputs = fc.record(
  {
    id: fc.oneof(fc.constant('00000000-0000-4000-8000-000000000000'), values),
    managementAccountId: fc.oneof(fc.constant('111111111111'), values),
    environmentName: fc.oneof(fc.constant('payments-prod'), values),
    environmentAccountId: values,
    region: values,
    roleArn: values,
    componentRoleArn: values,
    codebuildRoleArn: values,
    tags: fc.oneof(fc.array(fc.record({ key: strings, value: strings }), { maxLength: 3 }), values),
    tagKeys: fc.oneof(fc.array(strings, { maxLength: 3 }), values),
    clientToken: values,
    surprise: values,
  },
  { requiredKeys: [] },
);
const representations = fc.array(
  fc.oneof(
    values,
    fc.record(
      {
        __typename: fc.constantFrom('EnvironmentAccountConnection', 'AwsAccount', 'Query', ''),
        id: values,
        arn: values,
      },
      { requiredKeys: [] },
    ),
  ),
  { maxLength: 3 },
);

const bodies = fc.oneof(
  fc.record({ query: fc.constantFrom(...MUTATIONS), variables: fc.record({ input: inputs }) }),
  fc.record({
    query: fc.constantFrom(...QUERIES),
    variables: fc.record({ a: fc.oneof(values, representations, inputs) }),
  }),
  fc.record(
    { query: strings, variables: values, operationName: values, extensions: values },
    { requiredKeys: [] },
  ),
  values,
);

describe('With random input', () => {
  let app: RunningApp;

  beforeAll(async () => {
    app = await startApp();
  });

  afterAll(() => app.stop());

  async function connections(): Promise<unknown> {
    return dataOf(
      app.url,
      '{ environmentAccountConnections(first: 100) { totalCount nodes { id status lastModifiedAt tags { key value } } } }',
    );
  }

  it('the response is JSON without an internal error or internal details, and a rejected request changes no row', async () => {
    let before = await connections();
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const response = await fetch(app.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        const text = await response.text();
        expect(response.status).toBeLessThan(500);
        expect(response.headers.get('content-type')).toMatch(/json/);
        expect(text).not.toMatch(
          /INTERNAL_SERVER_ERROR|node_modules|\.[jt]s:\d|SQLITE|SqliteError|stacktrace/,
        );
        const parsed = JSON.parse(text) as { data?: { it?: { success?: boolean } | null } | null };
        const after = await connections();
        if (parsed.data?.it?.success !== true) expect(after).toEqual(before);
        before = after;
      }),
      { numRuns: 1000 },
    );
  });
});
