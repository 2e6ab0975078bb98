import { getIntrospectionQuery } from 'graphql';

import { startApp, type RunningApp } from '../support/app';

/** The checks of graphql-cop, against a server in production mode. */

let app: RunningApp;

beforeAll(async () => {
  app = await startApp({ NODE_ENV: 'production' });
});

afterAll(() => app.stop());

interface GraphqlResponse {
  readonly status: number;
  readonly text: string;
  /** Undefined if the response is not JSON. */
  readonly json: { readonly data?: unknown; readonly errors?: readonly ResponseError[] } | undefined;
}

interface ResponseError {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

async function ask(url: string, init?: RequestInit): Promise<GraphqlResponse> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = /^application\/(graphql-response\+)?json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    text,
    json: isJson ? (JSON.parse(text) as GraphqlResponse['json']) : undefined,
  };
}

const post = (body: unknown) =>
  ask(app.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

const withQuery = (query: string) => `${app.url}?query=${encodeURIComponent(query)}`;

function expectRejected({ status, json }: GraphqlResponse, code: string): void {
  expect({ status, data: json?.data }).toEqual({
    status: code === 'UNSUPPORTED_MEDIA_TYPE' ? 415 : 400,
    data: undefined,
  });
  expect(json?.errors?.[0]?.extensions?.['code']).toBe(code);
}

it('Alias overloading: 101 aliases of one field are rejected', async () => {
  expectRejected(
    await post({ query: `query cop { ${times(101, (index) => `alias${String(index)}:__typename`)} }` }),
    'TOO_MANY_ALIASES',
  );
});

it('Array-based query batching: ten queries in one request are rejected', async () => {
  expectRejected(
    await post(Array.from({ length: 10 }, () => ({ query: 'query cop { __typename }' }))),
    'BAD_REQUEST',
  );
});

it('Circular fragment: fragments that spread each other are rejected', async () => {
  const response = await post({
    query:
      'query { __schema { ...A } } fragment A on __Schema { __typename ...B } fragment B on __Schema { ...A }',
  });
  expectRejected(response, 'GRAPHQL_VALIDATION_FAILED');
});

it('Circular introspection: types of fields of types are rejected, in production and outside', async () => {
  const query = `query cop { __schema { types { ${'fields { type { '.repeat(4)} name ${'} }'.repeat(4)} } } }`;
  expectRejected(await post({ query }), 'GRAPHQL_VALIDATION_FAILED');
  const development = await startApp();
  const response = await fetch(development.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  await development.stop();
  expect(response.status).toBe(400);
});

it('Directive overloading: ten unknown directives produce five errors, and a hundred are rejected', async () => {
  const ten = await post({ query: `query { __typename ${'@aa'.repeat(10)} }` });
  expectRejected(ten, 'GRAPHQL_VALIDATION_FAILED');
  expect(ten.json?.errors).toHaveLength(5);
  expectRejected(await post({ query: `query { __typename ${'@aa'.repeat(100)} }` }), 'TOO_MANY_DIRECTIVES');
});

it('Field duplication: one field five hundred times is rejected', async () => {
  expectRejected(await post({ query: `query cop { ${'__typename '.repeat(500)} }` }), 'TOO_EXPENSIVE');
});

it('Field suggestions: the error for a misspelt field suggests no names', async () => {
  for (const query of [
    'query cop { __schema { directive } }',
    '{ environmentAccountConnexions { totalCount } }',
  ]) {
    const response = await post({ query });
    expectRejected(response, 'GRAPHQL_VALIDATION_FAILED');
    expect(response.text).not.toContain('Did you mean');
  }
});

it('GraphQL IDE: no common path has one', async () => {
  for (const path of ['/graphiql', '/playground', '/console', '/graphql']) {
    const { text } = await ask(new URL(path, app.url).href, { headers: { accept: 'text/html' } });
    expect(text).not.toMatch(
      /GraphiQL|GraphQL Playground|graphiql\.min\.css|graphql-playground|Sandbox|<html/,
    );
  }
});

it('Introspection: it is disabled', async () => {
  expectRejected(await post({ query: getIntrospectionQuery() }), 'GRAPHQL_VALIDATION_FAILED');
  expectRejected(
    await post({ query: 'query cop { __schema { types { name fields { name } } } }' }),
    'GRAPHQL_VALIDATION_FAILED',
  );
});

it('Trace mode: no response contains a trace, requested or not', async () => {
  const response = await fetch(app.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'apollo-federation-include-trace': 'ftv1' },
    body: JSON.stringify({ query: 'query cop { __typename }' }),
  });
  expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  const { text } = await post({ query: 'query cop { nothing }' });
  expect(text).not.toMatch(/tracing|exception|stacktrace/i);
});

it('GET method query support: a query that a link could send is rejected', async () => {
  expectRejected(await ask(withQuery('query cop { __typename }')), 'BAD_REQUEST');
});

it('Mutation over GET: it is rejected, even with the header that forces a preflight', async () => {
  expectRejected(await ask(withQuery('mutation cop { __typename }')), 'BAD_REQUEST');
  const { status, json } = await ask(withQuery('mutation cop { __typename }'), {
    headers: { 'apollo-require-preflight': 'true' },
  });
  expect({ status, data: json?.data }).toEqual({ status: 405, data: undefined });
});

it('POST based url-encoded query: a form, plain text and a query in the URL are rejected', async () => {
  for (const type of ['application/x-www-form-urlencoded', 'text/plain']) {
    const response = await ask(app.url, {
      method: 'POST',
      headers: { 'content-type': type },
      body: 'query=query cop { __typename }',
    });
    expectRejected(response, 'UNSUPPORTED_MEDIA_TYPE');
  }
  const inUrl = await ask(withQuery('query cop { __typename }'), { method: 'POST' });
  expect(inUrl.status).toBeGreaterThanOrEqual(400);
  expect(inUrl.json?.data).toBeUndefined();
});

it('Unhandled errors: the response to invalid GraphQL contains no stack trace', async () => {
  const response = await post({ query: 'qwerty cop { abc }' });
  expectRejected(response, 'GRAPHQL_PARSE_FAILED');
  expect(response.text).not.toMatch(/exception|stacktrace|node_modules/);
});

it('Persisted queries: they are not supported', async () => {
  const { json } = await post({
    query: '{ __typename }',
    extensions: {
      persistedQuery: {
        version: 1,
        sha256Hash: 'ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38',
      },
    },
  });
  expect(json?.errors?.[0]?.extensions?.['code']).toBe('PERSISTED_QUERY_NOT_SUPPORTED');
});
