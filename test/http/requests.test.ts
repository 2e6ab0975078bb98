import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

import { startApp, type RunningApp } from '../support/app';

interface HttpResponse {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  readonly allow?: string | undefined;
}

describe('The GraphQL server', () => {
  let app: RunningApp;

  beforeAll(async () => {
    app = await startApp();
  });

  afterAll(() => app.stop());

  async function post(
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<HttpResponse> {
    const response = await fetch(app.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : Buffer.from(body),
    });
    return {
      status: response.status,
      contentType: response.headers.get('content-type') ?? '',
      text: await response.text(),
    };
  }

  function expectError(
    { status, contentType, text: body }: HttpResponse,
    expected: { status: number; code: string },
  ): void {
    expect({ status, body }).toMatchObject({ status: expected.status });
    expect(contentType).toMatch(/^application\/(json|graphql-response\+json)/);
    const parsed = JSON.parse(body) as { errors: { message: string; extensions: { code: string } }[] };
    expect(parsed.errors[0]?.extensions.code).toMatch(new RegExp(`^(?:${expected.code})$`));
    expect(parsed.errors[0]?.message).toMatch(/\w/);
    expect(body).not.toMatch(/node_modules|\.[jt]s:\d|SQLITE|select |<html|stacktrace/i);
  }

  it.each([
    ['malformed JSON', '{"query": ', {}, 400, 'BAD_REQUEST'],
    ['an empty body', '', {}, 400, 'BAD_REQUEST'],
    ['a body that pollutes prototypes', '{"__proto__": {"query": "{ __typename }"}}', {}, 400, 'BAD_REQUEST'],
    ['no query', '{}', {}, 400, 'BAD_REQUEST'],
    ['a query that is not a string', '{"query": 7}', {}, 400, 'BAD_REQUEST'],
    [
      'variables that are not an object',
      '{"query": "{ __typename }", "variables": "x"}',
      {},
      400,
      'BAD_REQUEST',
    ],
    ['a JSON string', '"{ __typename }"', {}, 400, 'BAD_REQUEST'],
    ['JSON null', 'null', {}, 400, 'BAD_REQUEST'],
    ['a batch', '[{"query": "{ __typename }"}]', {}, 400, 'BAD_REQUEST'],
    ['a syntax error', '{"query": "{"}', {}, 400, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', '{"query": "{ nothing }"}', {}, 400, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'an unknown operation name',
      '{"query": "{ __typename }", "operationName": "x"}',
      {},
      400,
      'OPERATION_RESOLUTION_FAILURE',
    ],
    [
      'a variable of the wrong type',
      '{"query": "query ($id: ID!) { environmentAccountConnection(id: $id) { id } }", "variables": {"id": {}}}',
      {},
      400,
      'BAD_USER_INPUT',
    ],
    [
      'a content type that CSRF prevention rejects',
      '{"query": "{ __typename }"}',
      { 'content-type': 'text/plain' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a form',
      'query={__typename}',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'Latin-1',
      '{"query": "{ __typename }"}',
      { 'content-type': 'application/json; charset=iso-8859-1' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'UTF-16',
      '{"query": "{ __typename }"}',
      { 'content-type': 'application/json;charset="utf-16"' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a compressed body',
      '{"query": "{ __typename }"}',
      { 'content-encoding': 'gzip' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a persisted query',
      '{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "x"}}}',
      {},
      200,
      'PERSISTED_QUERY_NOT_SUPPORTED',
    ],
    [
      'selections nested a hundred thousand deep',
      `{"query": "${'{a'.repeat(100_000)}"}`,
      {},
      400,
      'TOO_MANY_TOKENS',
    ],
    [
      'values nested a hundred thousand deep',
      `{"query": "{ a(b: ${'['.repeat(100_000)}) }"}`,
      {},
      400,
      // Which limit it exceeds first, that of tokens or of the call stack, depends on how far V8 has optimized the parser.
      'TOO_MANY_TOKENS|TOO_DEEP',
    ],
  ] as const)('responds to %s with a JSON error', async (_name, body, headers, status, code) => {
    expectError(await post(body, headers), { status, code });
  });

  it('responds to variables nested 100,000 deep with a JSON error', async () => {
    const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const body = `{"query": "query ($id: ID!) { environmentAccountConnection(id: $id) { id } }", "variables": {"id": ${nested}}}`;
    expectError(await post(body), { status: 400, code: 'BAD_USER_INPUT' });
  });

  it('accepts a document of 2,000 tokens and rejects one token more', async () => {
    // The document has 16 other tokens.
    const document = (tokens: number) => {
      const values = 'PENDING '.repeat(tokens - 16);
      return JSON.stringify({
        query: `{ environmentAccountConnections(filter: { statuses: [${values}] }) { totalCount } }`,
      });
    };
    expect((await post(document(2000))).status).toBe(200);
    expectError(await post(document(2001)), { status: 400, code: 'TOO_MANY_TOKENS' });
  });

  it('responds to bytes that are not UTF-8 with a JSON error', async () => {
    const body = Buffer.concat([
      Buffer.from('{"query": "{ __typename } #'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ]);
    expectError(await post(body), { status: 400, code: 'BAD_REQUEST' });
  });

  it('accepts a body of 1 MiB and rejects one byte more', async () => {
    const query = '{ __typename }';
    const filled = (size: number) => JSON.stringify({ query }).padEnd(size, ' ');
    expect((await post(filled(1_048_576))).status).toBe(200);
    expectError(await post(filled(1_048_577)), { status: 413, code: 'BODY_TOO_LARGE' });
  });

  it.each(['utf-8', 'UTF-8', '"utf-8"', 'utf8'])('accepts charset=%s', async (charset) => {
    const response = await post('{"query": "{ __typename }"}', {
      'content-type': `application/json; charset=${charset}`,
    });
    expect(JSON.parse(response.text)).toEqual({ data: { __typename: 'Query' } });
  });

  it.each([
    ['GET', '/', 404, 'NOT_FOUND'],
    ['POST', '/graphql/', 404, 'NOT_FOUND'],
    ['PUT', '/graphql', 405, 'METHOD_NOT_ALLOWED'],
    ['DELETE', '/graphql', 405, 'METHOD_NOT_ALLOWED'],
    ['OPTIONS', '/graphql', 405, 'METHOD_NOT_ALLOWED'],
    ['TRACE', '/graphql', 405, 'METHOD_NOT_ALLOWED'],
    ['GET', '/%zz', 400, 'BAD_REQUEST'],
  ])('responds to %s %s with a JSON error', async (method, path, status, code) => {
    const { port } = new URL(app.url);
    const result = await new Promise<HttpResponse>((resolve, reject) => {
      httpRequest({ port, path, method }, (response) => {
        text(response).then(
          (body) => {
            resolve({
              status: response.statusCode ?? 0,
              contentType: response.headers['content-type'] ?? '',
              text: body,
              allow: response.headers.allow,
            });
          },
          (error: unknown) => {
            reject(error instanceof Error ? error : new Error(String(error)));
          },
        );
      })
        .on('error', reject)
        .end();
    });
    expectError(result, { status, code });
    if (status === 405) expect(result.allow).toBe('GET, POST');
  });

  it('responds to an invalid Host header with a JSON error', async () => {
    const body = '{"query": "{ __typename }"}';
    const raw = await rawExchange(
      `POST /graphql HTTP/1.1\r\nHost: %%%\r\nContent-Type: application/json\r\nContent-Length: ${String(body.length)}\r\nConnection: close\r\n\r\n${body}`,
    );
    expect(raw).toMatch(/^HTTP\/1\.1 400 .*"code":"BAD_REQUEST"\}\}\]\}$/s);
  });

  it('responds to input that is not HTTP with a JSON error', async () => {
    const raw = await rawExchange('nonsense\r\n\r\n');
    expect(raw).toMatch(/^HTTP\/1\.1 400 /);
    expect(raw).toContain('content-type: application/json'.replace('content-type', 'Content-Type'));
    expect(raw).toContain('"errors":[{"message"');
  });

  it('responds to headers that are too large with a JSON error', async () => {
    const raw = await rawExchange(
      `GET /graphql HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
    );
    expect(raw).toMatch(/^HTTP\/1\.1 431 /);
    expect(raw).toContain('"code":"BAD_REQUEST"');
  });

  it('rejects a GET that a form or an image could send, and accepts one that only a script can send', async () => {
    const query = `${app.url}?query=${encodeURIComponent('{ __typename }')}`;
    const forged = await fetch(query);
    expect(forged.status).toBe(400);
    const scripted = await fetch(query, { headers: { 'apollo-require-preflight': 'true' } });
    expect(await scripted.json()).toEqual({ data: { __typename: 'Query' } });
  });

  it('runs no mutation over GET', async () => {
    const mutation = 'mutation { deleteEnvironmentAccountConnection(input: { id: "x" }) { success } }';
    const response = await fetch(`${app.url}?query=${encodeURIComponent(mutation)}`, {
      headers: { 'apollo-require-preflight': 'true' },
    });
    expect(response.status).toBe(405);
  });

  function rawExchange(bytes: string): Promise<string> {
    const { port, hostname } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    socket.end(bytes);
    return text(socket);
  }
});
