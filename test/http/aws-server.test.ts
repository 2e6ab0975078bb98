import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { text as textOf } from 'node:stream/consumers';

import { createAwsServer } from '../../src/http/aws-server';
import { ListenError } from '../../src/http/lifecycle/listen';
import { startEndpoint, type RunningEndpoint } from '../support/aws-api';
import { callAs, sendHttp, unsignedHeaders, type WireResponse, type WireRequest } from '../support/aws-call';
import { ENVIRONMENT, MANAGEMENT } from '../support/proton';

const LIST = 'ListEnvironmentAccountConnections';
const MEBIBYTE = 1_048_576;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('The AWS server', () => {
  let endpoint: RunningEndpoint;

  beforeAll(async () => {
    endpoint = await startEndpoint({ auth: 'none' });
  });

  afterAll(() => endpoint.stop());

  afterEach(() => {
    const faults = endpoint.faults;
    if (faults.length > 0) throw new Error('the server reported an unexpected error', { cause: faults[0] });
  });

  const list = (request: WireRequest = {}) =>
    sendHttp(endpoint.origin, {
      body: '{"requestedBy":"ENVIRONMENT_ACCOUNT"}',
      ...request,
      headers: { ...unsignedHeaders(ENVIRONMENT, LIST), ...request.headers },
    });

  function expectAwsError(response: WireResponse, error: string, message: RegExp): void {
    expect(response).toMatchObject({ status: 400, error });
    expect(response.message).toMatch(message);
    expect(response.text).toMatch(/^\{"__type":"com\.amazonaws\.proton#/);
    expect(response.headers['x-amzn-errortype']).toBe(error);
    expectAwsHeaders(response);
  }

  function expectAwsHeaders({ headers }: WireResponse): void {
    expect(headers['content-type']).toBe('application/x-amz-json-1.0');
    expect(headers['x-amzn-requestid']).toMatch(UUID);
    expect(Math.abs(Date.parse(String(headers['date'])) - Date.now())).toBeLessThan(5000);
  }

  it('responds in the AWS JSON protocol, with a new id for each request', async () => {
    const [one, two] = [await list(), await list()];
    expect(one).toMatchObject({ status: 200, text: '{"environmentAccountConnections":[]}' });
    expectAwsHeaders(one);
    expect(one.headers['x-amzn-requestid']).not.toBe(two.headers['x-amzn-requestid']);
  });

  it.each([
    'application/x-amz-json-1.0',
    'application/json',
    'text/plain; charset=latin-1',
    'x/y',
    '///',
    'a/b, c/d',
    ['application/json', 'text/html'],
    undefined,
  ])('reads the body as JSON, whatever its content type: %j', async (type) => {
    const headers = unsignedHeaders(ENVIRONMENT, LIST);
    Reflect.deleteProperty(headers, 'content-type');
    const response = await sendHttp(endpoint.origin, {
      headers: type === undefined ? headers : { ...headers, 'content-type': type },
      body: '{"requestedBy":"ENVIRONMENT_ACCOUNT"}',
    });
    expect(response.status).toBe(200);
  });

  it.each<[string, WireRequest, string, RegExp]>([
    ['another path', { path: '/graphql' }, 'UnknownOperationException', /POST \//],
    ['a path with tricks in it', { path: '/..//./' }, 'UnknownOperationException', /POST \//],
    ['two slashes', { path: '//' }, 'UnknownOperationException', /POST \//],
    ['a path that can’t be decoded', { path: '/%zz' }, 'SerializationException', /\w/],
    ['a query string', { path: '/?x=1' }, 'UnknownOperationException', /query string/],
    ['an empty query string', { path: '/?' }, 'UnknownOperationException', /query string/],
    [
      'a signature in the query string',
      { path: '/?X-Amz-Signature=1' },
      'IncompleteSignatureException',
      /Presigned/,
    ],
    ['a whole URL with a path', { path: 'http://x/graphql' }, 'UnknownOperationException', /POST \//],
    [
      'an absolute URL with a query string',
      { path: 'http://x?x=1' },
      'UnknownOperationException',
      /query string/,
    ],
    ['a whole URL of another protocol', { path: 'ftp://x/' }, 'UnknownOperationException', /POST \//],
    ['GET', { method: 'GET', body: '' }, 'UnknownOperationException', /POST \//],
    ['PUT', { method: 'PUT' }, 'UnknownOperationException', /POST \//],
    ['DELETE', { method: 'DELETE' }, 'UnknownOperationException', /POST \//],
    ['OPTIONS', { method: 'OPTIONS' }, 'UnknownOperationException', /POST \//],
    ['PROPFIND', { method: 'PROPFIND' }, 'UnknownOperationException', /POST \//],
    [
      'an unknown operation',
      { headers: { 'x-amz-target': 'AwsProton20200720.CreateService' } },
      'UnknownOperationException',
      /X-Amz-Target must be/,
    ],
    [
      'another service’s operation',
      { headers: { 'x-amz-target': 'DynamoDB_20120810.ListTables' } },
      'UnknownOperationException',
      /X-Amz-Target must be/,
    ],
    [
      'an operation without its service',
      { headers: { 'x-amz-target': LIST } },
      'UnknownOperationException',
      /X-Amz-Target must be/,
    ],
    [
      'an operation in lower case',
      { headers: { 'x-amz-target': `AwsProton20200720.${LIST.toLowerCase()}` } },
      'UnknownOperationException',
      /X-Amz-Target must be/,
    ],
    [
      'the name of an object property',
      { headers: { 'x-amz-target': 'AwsProton20200720.constructor' } },
      'UnknownOperationException',
      /X-Amz-Target must be/,
    ],
    [
      'no operation',
      { headers: { 'x-amz-target': '' } },
      'UnknownOperationException',
      /X-Amz-Target must be/,
    ],
    [
      'two operations',
      { headers: { 'x-amz-target': ['AwsProton20200720.TagResource', `AwsProton20200720.${LIST}`] } },
      'IncompleteSignatureException',
      /more than once/,
    ],
    ['malformed JSON', { body: '{"requestedBy":' }, 'SerializationException', /not valid JSON/],
    ['spaces alone', { body: '   ' }, 'SerializationException', /not valid JSON/],
    ['JSON null', { body: 'null' }, 'SerializationException', /JSON object/],
    ['a JSON list', { body: '[]' }, 'SerializationException', /JSON object/],
    ['a JSON string', { body: '"x"' }, 'SerializationException', /JSON object/],
    ['a JSON number', { body: '1e400' }, 'SerializationException', /JSON object/],
    [
      'bytes that are not UTF-8',
      { body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]) },
      'SerializationException',
      /UTF-8/,
    ],
    [
      'UTF-16',
      { body: Buffer.from('{"requestedBy":"x"}', 'utf16le') },
      'SerializationException',
      /not valid JSON/,
    ],
    ['a byte order mark', { body: '\ufeff{}' }, 'SerializationException', /not valid JSON/],
    [
      'lists nested half a million deep',
      { body: `{"x":${'['.repeat(500_000)}` },
      'SerializationException',
      /levels deep/,
    ],
    [
      'objects nested a hundred thousand deep',
      { body: `${'{"x":'.repeat(100_000)}1${'}'.repeat(100_000)}` },
      'SerializationException',
      /levels deep/,
    ],
    [
      'a body over a mebibyte',
      { body: ' '.repeat(MEBIBYTE + 1) },
      'RequestEntityTooLargeException',
      /1048576 bytes/,
    ],
    [
      'a body of twenty mebibytes',
      { body: ' '.repeat(20 * MEBIBYTE) },
      'RequestEntityTooLargeException',
      /1048576 bytes/,
    ],
    [
      'a body over a mebibyte in chunks',
      { body: ' '.repeat(MEBIBYTE + 1), headers: { 'transfer-encoding': 'chunked' } },
      'RequestEntityTooLargeException',
      /1048576 bytes/,
    ],
    [
      'an account of eleven digits',
      { headers: unsignedHeaders('22222222222', LIST) },
      'UnrecognizedClientException',
      /12 digits/,
    ],
    [
      'a real key id',
      { headers: unsignedHeaders('AKIAAAAAAAAAAAAAAAAA', LIST) },
      'UnrecognizedClientException',
      /12 digits/,
    ],
    [
      'an account in non-ASCII digits',
      { headers: unsignedHeaders('222222222222\u00b2', LIST) },
      'UnrecognizedClientException',
      /12 digits/,
    ],
    [
      'another service’s scope',
      {
        headers: {
          authorization:
            'AWS4-HMAC-SHA256 Credential=222222222222/20261122/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0',
        },
      },
      'InvalidSignatureException',
      /correct service/,
    ],
    [
      'an invalid Region',
      { headers: unsignedHeaders(ENVIRONMENT, LIST, { region: 'mars' }) },
      'InvalidSignatureException',
      /valid Region/,
    ],
    [
      'a Region with a path in it',
      { headers: unsignedHeaders(ENVIRONMENT, LIST, { region: '..' }) },
      'InvalidSignatureException',
      /valid Region/,
    ],
    [
      'another Authorization scheme',
      { headers: { authorization: 'Basic Og==' } },
      'IncompleteSignatureException',
      /AWS4-HMAC-SHA256/,
    ],
    [
      'an Authorization without a Credential',
      { headers: { authorization: 'AWS4-HMAC-SHA256 SignedHeaders=host' } },
      'IncompleteSignatureException',
      /Credential/,
    ],
    [
      'two Authorizations',
      {
        headers: {
          authorization: [
            String(unsignedHeaders(ENVIRONMENT, LIST)['authorization']),
            String(unsignedHeaders(MANAGEMENT, LIST)['authorization']),
          ],
        },
      },
      'IncompleteSignatureException',
      /more than once/,
    ],
    [
      'a web page’s origin',
      { headers: { origin: 'http://127.0.0.1:4002' } },
      'AccessDeniedException',
      /web pages/,
    ],
  ])('rejects %s with a clear error', async (_title, request, error, message) => {
    expectAwsError(await list(request), error, message);
  });

  it('reports a missing Authorization header', async () => {
    const response = await sendHttp(endpoint.origin, {
      headers: { 'x-amz-target': `AwsProton20200720.${LIST}` },
    });
    expectAwsError(response, 'MissingAuthenticationTokenException', /no Authorization/);
  });

  it.each(['http://proton.example.com/', 'http://proton.example.com', 'HTTPS://[::1]:1/'])(
    'accepts an absolute URL in the request line, as a server must: %s',
    async (path) => {
      expect(await list({ path })).toMatchObject({ status: 200 });
    },
  );

  it('closes the connection after a body that is too large', async () => {
    const body = ' '.repeat(MEBIBYTE + 1);
    for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
      const response = await list({ body, headers });
      expect(response).toMatchObject({ error: 'RequestEntityTooLargeException' });
      expect(response.headers['connection']).toBe('close');
    }
  });

  it('reports a missing Host header', async () => {
    const { hostname, port } = new URL(endpoint.origin);
    const socket = connect(Number(port), hostname);
    socket.write('POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    expect(await textOf(socket)).toMatch(
      /com\.amazonaws\.proton#SerializationException","message":"The request must have a Host header\."\}$/,
    );
  });

  it('ignores an unknown Expect header', async () => {
    expect(await list({ headers: { expect: 'miracles' } })).toMatchObject({ status: 200 });
  });

  it('reads an empty body as an input without members', async () => {
    expectAwsError(await list({ body: '' }), 'ValidationException', /requestedBy must be given/);
    expectAwsError(await list({ body: '{}' }), 'ValidationException', /requestedBy must be given/);
  });

  it('accepts a body of exactly 1 MiB, and uses the last of two members with the same name', async () => {
    const body = '{"requestedBy":"NO_ACCOUNT","requestedBy":"ENVIRONMENT_ACCOUNT"}';
    expect(await list({ body: body.padEnd(MEBIBYTE) })).toMatchObject({ status: 200 });
  });

  it('counts nested values, not brackets in strings', async () => {
    const brackets = '['.repeat(1000);
    const members = [`"\\"${brackets}": "${brackets}\\""`, `"surprise": ${'['.repeat(30)}${']'.repeat(30)}`];
    const body = `{"requestedBy":"ENVIRONMENT_ACCOUNT", ${members.join()}}`;
    expect(await list({ body })).toMatchObject({ status: 200 });
    const behindBackslash = `{"x": "\\\\", "y": ${brackets}`;
    expectAwsError(await list({ body: behindBackslash }), 'SerializationException', /levels deep/);
  });

  it('ignores unknown members and members that would pollute prototypes', async () => {
    const body =
      '{"requestedBy":"ENVIRONMENT_ACCOUNT","__proto__":{"maxResults":"x","nextToken":7},"constructor":{"prototype":{"maxResults":0}},"surprise":1e400}';
    expect(await list({ body })).toMatchObject({ status: 200 });
    const inherited = '{"__proto__":{"requestedBy":"ENVIRONMENT_ACCOUNT"}}';
    expectAwsError(await list({ body: inherited }), 'ValidationException', /requestedBy must be given/);
    const tag =
      '{"resourceArn":"arn:aws:proton:us-east-1:222222222222:x","tags":[{"key":"a","__proto__":{"value":"b"}}]}';
    const response = await callAs(endpoint.origin, ENVIRONMENT, 'TagResource', tag);
    expectAwsError(response, 'ValidationException', /tags\.0\.value must be given/);
    expect(({} as { maxResults?: unknown }).maxResults).toBeUndefined();
  });

  it.each([
    ['input that is not HTTP', 'hello\r\n\r\n'],
    ['no Host header', 'POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'],
    ['a header that is too large', `POST / HTTP/1.1\r\nHost: x\r\nX-Note: ${'a'.repeat(100_000)}\r\n\r\n`],
    [
      'two Content-Length headers',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
    ],
    [
      'Content-Length and Transfer-Encoding',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a header over two lines', 'POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: a\r\n b\r\n\r\n'],
    ['a NUL in a header', 'POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: a\0b\r\n\r\n'],
    ['malformed chunks', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ])('responds to malformed HTTP in the AWS JSON protocol too: %s', async (_title, bytes) => {
    const { hostname, port } = new URL(endpoint.origin);
    const socket = connect(Number(port), hostname);
    socket.write(bytes);
    const response = await textOf(socket);
    socket.destroy();
    const [head = '', body = ''] = response.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 400 /);
    for (const field of [
      /^content-type: application\/x-amz-json-1\.0$/im,
      /^x-amzn-requestid: /im,
      /^date: /im,
    ]) {
      expect(head).toMatch(field);
    }
    expect(body).toMatch(/com\.amazonaws\.proton#\w+Exception/);
  });

  it('keeps working when a client disconnects in the middle of a request', async () => {
    const { hostname, port } = new URL(endpoint.origin);
    const socket = connect(Number(port), hostname);
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"requestedBy"');
    await once(socket, 'connect');
    socket.destroy();
    expect(await list()).toMatchObject({ status: 200 });
  });

  it('responds to active requests when it stops, and closes idle connections', async () => {
    const stopping = await startEndpoint({ auth: 'none' });
    const create = (name: string) =>
      callAs(stopping.origin, ENVIRONMENT, 'CreateEnvironmentAccountConnection', {
        managementAccountId: MANAGEMENT,
        environmentName: name,
      });
    expect((await create('first')).headers['connection']).toBe('keep-alive');
    const active = [create('second'), create('third')];
    // Both have been sent when the first response arrives.
    await Promise.race(active);
    await stopping.stop();
    expect((await Promise.all(active)).map(({ status }) => status)).toEqual([200, 200]);
    await expect(create('fourth')).rejects.toThrow(/ECONNREFUSED|ECONNRESET|hang up/);
  });

  it('names its own variables when it cannot listen', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const refuse = () => ({ status: 400, headers: {}, body: '' });
    const server = createAwsServer({
      address: { host: '127.0.0.1', port },
      api: { handle: () => Promise.resolve(refuse()), refuse },
      reportFault: () => undefined,
    });
    const starting = server.start();
    await expect(starting).rejects.toThrow(ListenError);
    await expect(starting).rejects.toThrow(
      `Can't listen on PROTON_ENDPOINT_HOST 127.0.0.1, PROTON_ENDPOINT_PORT ${String(port)}: another process does. Stop it, or set PROTON_ENDPOINT_PORT to one that is free.`,
    );
    taken.close();
    await server.stop();
  });
});
