import { getIntrospectionQuery } from 'graphql';

import { startApp, type RunningApp } from '../support/app';

/** What graphql-cop looks for, of a server as it is deployed; and what it would find is answered otherwise here. */

let app: RunningApp;

beforeAll(async () => {
  app = await startApp({ NODE_ENV: 'production' });
});

afterAll(() => app.stop());

interface Answer {
  readonly status: number;
  readonly text: string;
  /** Undefined where the answer is no JSON. */
  readonly json: { readonly data?: unknown; readonly errors?: readonly AnsweredError[] } | undefined;
}

interface AnsweredError {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

async function ask(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = /^application\/(graphql-response\+)?json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    text,
    json: isJson ? (JSON.parse(text) as Answer['json']) : undefined,
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

function expectRefused({ status, json }: Answer, code: string): void {
  expect({ status, data: json?.data }).toEqual({
    status: code === 'UNSUPPORTED_MEDIA_TYPE' ? 415 : 400,
    data: undefined,
  });
  expect(json?.errors?.[0]?.extensions?.['code']).toBe(code);
}

it('Alias overloading: a hundred and one aliases of one field are refused', async () => {
  expectRefused(
    await post({ query: `query cop { ${times(101, (index) => `alias${String(index)}:__typename`)} }` }),
    'TOO_MANY_ALIASES',
  );
});

it('Array-based query batching: ten queries in one request are refused', async () => {
  expectRefused(
    await post(Array.from({ length: 10 }, () => ({ query: 'query cop { __typename }' }))),
    'BAD_REQUEST',
  );
});

it('Circular fragment: fragments that spread each other are refused', async () => {
  const answer = await post({
    query:
      'query { __schema { ...A } } fragment A on __Schema { __typename ...B } fragment B on __Schema { ...A }',
  });
  expectRefused(answer, 'GRAPHQL_VALIDATION_FAILED');
});

it('Circular introspection: types of fields of types are refused, in production and out of it', async () => {
  const query = `query cop { __schema { types { ${'fields { type { '.repeat(4)} name ${'} }'.repeat(4)} } } }`;
  expectRefused(await post({ query }), 'GRAPHQL_VALIDATION_FAILED');
  const explorable = await startApp();
  const response = await fetch(explorable.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  await explorable.stop();
  expect(response.status).toBe(400);
});

it('Directive overloading: ten unknown directives are told of in five errors, and a hundred are refused', async () => {
  const ten = await post({ query: `query { __typename ${'@aa'.repeat(10)} }` });
  expectRefused(ten, 'GRAPHQL_VALIDATION_FAILED');
  expect(ten.json?.errors).toHaveLength(5);
  expectRefused(await post({ query: `query { __typename ${'@aa'.repeat(100)} }` }), 'TOO_MANY_DIRECTIVES');
});

it('Field duplication: one field five hundred times is refused', async () => {
  expectRefused(await post({ query: `query cop { ${'__typename '.repeat(500)} }` }), 'TOO_EXPENSIVE');
});

it('Field suggestions: a misspelt field is answered without the names that there are', async () => {
  for (const query of [
    'query cop { __schema { directive } }',
    '{ environmentAccountConnexions { totalCount } }',
  ]) {
    const answer = await post({ query });
    expectRefused(answer, 'GRAPHQL_VALIDATION_FAILED');
    expect(answer.text).not.toContain('Did you mean');
  }
});

it('GraphQL IDE: none is at any of the paths where one is looked for', async () => {
  for (const path of ['/graphiql', '/playground', '/console', '/graphql']) {
    const { text } = await ask(new URL(path, app.url).href, { headers: { accept: 'text/html' } });
    expect(text).not.toMatch(
      /GraphiQL|GraphQL Playground|graphiql\.min\.css|graphql-playground|Sandbox|<html/,
    );
  }
});

it('Introspection: the schema is not shown', async () => {
  expectRefused(await post({ query: getIntrospectionQuery() }), 'GRAPHQL_VALIDATION_FAILED');
  expectRefused(
    await post({ query: 'query cop { __schema { types { name fields { name } } } }' }),
    'GRAPHQL_VALIDATION_FAILED',
  );
});

it('Trace mode: an answer carries no trace, asked for or not', async () => {
  const response = await fetch(app.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'apollo-federation-include-trace': 'ftv1' },
    body: JSON.stringify({ query: 'query cop { __typename }' }),
  });
  expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  const { text } = await post({ query: 'query cop { nothing }' });
  expect(text).not.toMatch(/tracing|exception|stacktrace/i);
});

it('GET method query support: a query that a link could send is refused', async () => {
  expectRefused(await ask(withQuery('query cop { __typename }')), 'BAD_REQUEST');
});

it('Mutation over GET: refused, even to a client that asks for a preflight', async () => {
  expectRefused(await ask(withQuery('mutation cop { __typename }')), 'BAD_REQUEST');
  const { status, json } = await ask(withQuery('mutation cop { __typename }'), {
    headers: { 'apollo-require-preflight': 'true' },
  });
  expect({ status, data: json?.data }).toEqual({ status: 405, data: undefined });
});

it('POST based url-encoded query: a form and plain text are refused, and so is a query in the URL', async () => {
  for (const type of ['application/x-www-form-urlencoded', 'text/plain']) {
    const answer = await ask(app.url, {
      method: 'POST',
      headers: { 'content-type': type },
      body: 'query=query cop { __typename }',
    });
    expectRefused(answer, 'UNSUPPORTED_MEDIA_TYPE');
  }
  const inUrl = await ask(withQuery('query cop { __typename }'), { method: 'POST' });
  expect(inUrl.status).toBeGreaterThanOrEqual(400);
  expect(inUrl.json?.data).toBeUndefined();
});

it('Unhandled errors: what is no GraphQL is answered without a trace of what failed', async () => {
  const answer = await post({ query: 'qwerty cop { abc }' });
  expectRefused(answer, 'GRAPHQL_PARSE_FAILED');
  expect(answer.text).not.toMatch(/exception|stacktrace|node_modules/);
});

it('Persisted queries: none is looked for or kept', async () => {
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
