import BetterSqlite3, { type Database } from 'better-sqlite3';
import fc from 'fast-check';

import { startApp, type RunningApp } from '../support/app';
import { useTemporaryFolder } from '../support/folder';

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
  const folder = useTemporaryFolder();
  let app: RunningApp;
  let database: Database;

  beforeEach(async () => {
    const file = folder.path('proton.db');
    app = await startApp({ DATABASE_URL: `sqlite:${file}` });
    database = new BetterSqlite3(file, { readonly: true });
  });

  afterEach(async () => {
    database.close();
    await app.stop();
  });

  /** Every row of the store. */
  function rows(): unknown {
    return ['connections', 'connection_events'].map((table) =>
      database.prepare(`SELECT * FROM ${table}`).raw().all(),
    );
  }

  it('the response is JSON without an internal error or internal details, and a rejected request changes no row', async () => {
    // Changes with every commit of the server, so the rows are read only after one.
    const version = database.prepare('PRAGMA data_version').pluck();
    let before = { version: version.get(), rows: rows() };
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
        const versionAfter = version.get();
        if (versionAfter === before.version) return;
        const after = { version: versionAfter, rows: rows() };
        if (parsed.data?.it?.success !== true) expect(after.rows).toEqual(before.rows);
        before = after;
      }),
      { numRuns: 1000 },
    );
  });
});
