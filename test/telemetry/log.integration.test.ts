import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import BetterSqlite3 from 'better-sqlite3';

import { bearer, createKeys, tokenOf, useKeyFile } from '../authentication/issuer';
import { callAs, sendHttp } from '../support/aws-call';
import { useTemporaryFolder } from '../support/folder';
import { request } from '../support/graphql-client';
import { startServerProcess, type LogLine, type ServerProcess } from '../support/server-process';

const CREATE = `mutation Ask($name: String!) {
  createEnvironmentAccountConnection(
    input: { managementAccountId: "111111111111", environmentName: $name }
  ) { success error { code } }
}`;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const folder = useTemporaryFolder();
const keys = createKeys('ES256');
const issuer = useKeyFile(keys);

let server: ServerProcess;

/** How many request lines earlier tests have read. */
let seen = 0;

/** Resolves with the request lines of this test when they satisfy the condition. */
async function linesOnce(isEnough: (lines: readonly LogLine[]) => boolean): Promise<readonly LogLine[]> {
  const lines = () =>
    server
      .log()
      .filter(({ msg }) => msg === 'request')
      .slice(seen);
  const { stdout } = server.child;
  if (!stdout) throw new Error('the server has no standard output');
  while (!isEnough(lines())) await once(stdout, 'data');
  return lines();
}

/** Resolves when the server has logged this many requests of this test. */
async function logged(count: number): Promise<void> {
  await linesOnce(({ length }) => length >= count);
}

/** Returns all request lines of this test. Sends one more request, to know that earlier ones are logged. */
async function requestLines(): Promise<readonly LogLine[]> {
  const requestId = `the-last-after-${String(seen)}`;
  await request(server.url, '{ __typename }', undefined, { 'x-request-id': requestId });
  const lines = await linesOnce((all) => all.at(-1)?.['requestId'] === requestId);
  seen += lines.length;
  return lines.slice(0, -1);
}

/** Sends bytes and resolves with all that the server sends until it closes the connection. */
async function sendBytes(origin: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  let response = '';
  socket.on('error', () => undefined).on('data', (data) => (response += data.toString()));
  socket.write(bytes);
  await once(socket, 'close');
  return response;
}

const idIn = (response: string) => /^x-request-id: (.*)\r$/im.exec(response)?.[1];

/** Sends the headers of a request without its body. Resolves when the server waits for the body. */
async function startRequest(origin: string): Promise<Socket> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1').on('error', () => undefined);
  socket.write(
    'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n',
  );
  // The server sends `100 Continue`.
  await once(socket, 'data');
  return socket;
}

describe('The log', () => {
  beforeAll(async () => {
    server = await startServerProcess({});
  });
  afterAll(() => server.end('SIGTERM'));

  it('has one line for each GraphQL request, with its subject, operation and outcome', async () => {
    await request(server.url, CREATE, { name: 'a' }, { 'x-request-id': 'router/1' });
    await request(server.url, CREATE, { name: 'a' });
    await request(server.url, '{ nothing }');
    await sendHttp(new URL(server.url).origin, { path: '/elsewhere?token=s3cret' });
    await sendHttp(new URL(server.url).origin, { path: '/%zz' });
    const lines = await requestLines();
    expect(lines).toEqual([
      expect.objectContaining({
        level: 30,
        requestId: 'router/1',
        server: 'graphql',
        operation: 'createEnvironmentAccountConnection',
        operationName: 'Ask',
        subject: 'anonymous',
        outcome: 'OK',
        status: 200,
        durationMs: expect.any(Number) as number,
      }),
      expect.objectContaining({ level: 40, outcome: 'CONFLICT', status: 200 }),
      expect.objectContaining({ operation: null, outcome: 'GRAPHQL_VALIDATION_FAILED', status: 400 }),
      expect.objectContaining({ operation: null, outcome: 'NOT_FOUND', status: 404 }),
      expect.objectContaining({ operation: null, outcome: 'BAD_REQUEST', status: 400 }),
    ]);
    for (const { requestId } of lines.slice(1)) expect(requestId).toMatch(UUID);
  });

  it('has one line for each request of an AWS client, with the request id of the response', async () => {
    const origin = server.protonEndpoint ?? '';
    const responses = [
      await callAs(origin, '111111111111', 'ListEnvironmentAccountConnections', {
        requestedBy: 'MANAGEMENT_ACCOUNT',
      }),
      await callAs(origin, '111111111111', 'GetEnvironmentAccountConnection', { id: 'x' }),
      await callAs(origin, 'AKIDEXAMPLE', 'GetEnvironmentAccountConnection', {}),
      await sendHttp(origin, {}),
    ];
    const lines = await requestLines();
    expect(lines.map(({ requestId }) => requestId)).toEqual(
      responses.map(({ headers }) => headers['x-amzn-requestid']),
    );
    const seen = { server: 'endpoint', subject: '111111111111' };
    expect(lines).toEqual([
      expect.objectContaining({ ...seen, operation: 'ListEnvironmentAccountConnections', outcome: 'OK' }),
      expect.objectContaining({
        ...seen,
        operation: 'GetEnvironmentAccountConnection',
        outcome: 'ValidationException',
        status: 400,
      }),
      // An unauthenticated account is not logged.
      expect.objectContaining({ subject: null, outcome: 'UnrecognizedClientException' }),
      expect.objectContaining({ subject: null, outcome: 'MissingAuthenticationTokenException' }),
    ]);
  });

  it('has one line for malformed HTTP, and one for a client that disconnects', async () => {
    const { origin } = new URL(server.url);
    // Lines are logged when requests end, so the test waits for each.
    await sendBytes(origin, 'GARBAGE\r\n\r\n');
    await logged(1);
    await sendBytes(server.protonEndpoint ?? '', 'GARBAGE\r\n\r\n');
    await logged(2);
    // A malformed chunk in the body of a valid request.
    await sendBytes(
      origin,
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    );
    await logged(3);
    (await startRequest(origin)).destroy();
    await logged(4);
    await request(server.url, '{ __typename }');
    const lines = await requestLines();
    expect(lines.map(({ server: name, outcome, status }) => ({ name, outcome, status }))).toEqual([
      { name: 'graphql', outcome: 'BAD_REQUEST', status: 400 },
      { name: 'endpoint', outcome: 'SerializationException', status: 400 },
      { name: 'graphql', outcome: 'BAD_REQUEST', status: 400 },
      { name: 'graphql', outcome: 'CLIENT_GONE', status: undefined },
      { name: 'graphql', outcome: 'OK', status: 200 },
    ]);
  });

  it('has one line for each request that Node would handle by itself, with the request id of the response', async () => {
    const graphql = new URL(server.url).origin;
    const proton = server.protonEndpoint ?? '';
    const body = '{"query":"{ __typename }"}';
    const expecting = `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nExpect: more\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`;
    const sent = [
      [graphql, 'GET /graphql HTTP/1.1\r\nConnection: close\r\n\r\n'],
      [graphql, expecting],
      [graphql, 'CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n'],
      [proton, 'CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n'],
      [graphql, 'GARBAGE\r\n\r\n'],
      [proton, 'GARBAGE\r\n\r\n'],
    ] as const;
    const responses: string[] = [];
    for (const [origin, bytes] of sent) {
      responses.push(await sendBytes(origin, bytes));
      await logged(responses.length);
    }
    // The admin server logs no requests, and is no proxy either.
    expect(await sendBytes(server.admin ?? '', 'CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 /,
    );
    const lines = await requestLines();
    expect(lines.map(({ outcome, status }) => [outcome, status])).toEqual([
      ['BAD_REQUEST', 400],
      ['OK', 200],
      ['METHOD_NOT_ALLOWED', 405],
      ['UnknownOperationException', 400],
      ['BAD_REQUEST', 400],
      ['SerializationException', 400],
    ]);
    expect(lines.map(({ requestId }) => requestId)).toEqual(responses.map(idIn));
    expect(responses.map((response) => Number(response.slice(9, 12)))).toEqual(
      lines.map(({ status }) => status),
    );
  });

  it('has no line that a client made up, and no huge line', async () => {
    const name = 'A'.repeat(10_000);
    await request(server.url, `query ${name} { __typename }`, undefined, { 'x-request-id': 'x'.repeat(129) });
    await request(server.url, '{ __typename }', undefined, { 'x-request-id': 'a{"level":60}' });
    await sendHttp(new URL(server.url).origin, { path: '/%0A%7B%22level%22%3A60%7D' });
    await sendHttp(server.protonEndpoint ?? '', {
      headers: { 'x-amz-target': `AwsProton20200720.${name}`, 'x-request-id': 'b\u0080' },
    });
    const lines = await requestLines();
    expect(lines).toHaveLength(4);
    for (const { requestId } of lines) expect(requestId).toMatch(UUID);
    expect(
      Math.max(
        ...server
          .printed()
          .split('\n')
          .map(({ length }) => length),
      ),
    ).toBeLessThan(1_000);
    expect(server.printed()).not.toMatch(/[^\n\x20-\x7e\u00a0-\uffff]/);
    expect(server.log().filter(({ level }) => level === 60)).toHaveLength(0);
  });
});

describe('The log of a server with other settings', () => {
  it('has the reason of a failed authentication on the line of the request only', async () => {
    const server = await startServerProcess({ ROUTER_SECRET: 'open sesame' });
    const { origin } = new URL(server.url);
    expect(await sendBytes(origin, 'GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 401 /,
    );
    const proven = 'router-authorization: open sesame\r\nConnection: close\r\n\r\n';
    expect(await sendBytes(origin, `GET /graphql HTTP/1.1\r\n${proven}`)).toMatch(
      /^HTTP\/1\.1 400 .*no Host/s,
    );
    await server.end('SIGTERM');
    const lines = server.log().filter(({ requestId }) => requestId !== undefined);
    expect(lines).toEqual([
      expect.objectContaining({
        msg: 'request',
        level: 40,
        outcome: 'UNAUTHENTICATED',
        status: 401,
        reason: expect.stringMatching(/./) as string,
      }),
      expect.objectContaining({ msg: 'request', outcome: 'BAD_REQUEST', status: 400 }),
    ]);
  });

  it('distinguishes a request that the shutdown cut from one whose client disconnected', async () => {
    const server = await startServerProcess({ SHUTDOWN_GRACE_MS: '100' });
    const socket = await startRequest(new URL(server.url).origin);
    expect(await server.end('SIGTERM')).toBe(1);
    socket.destroy();
    expect(server.log().filter(({ msg }) => msg === 'request')).toEqual([
      expect.objectContaining({ level: 50, outcome: 'CUT_AT_STOP' }),
    ]);
  });

  it('has a store error once with its cause, and for each failed request only its message', async () => {
    const file = folder.path('proton.db');
    const writing = await startServerProcess({ DATABASE_URL: `sqlite:${file}`, STORE_LOCK_TIMEOUT_MS: '20' });
    const other = new BetterSqlite3(file);
    other.exec('BEGIN IMMEDIATE');
    await request(writing.url, CREATE, { name: 'a' });
    await request(writing.url, CREATE, { name: 'b' });
    await writing.end('SIGTERM');
    other.close();
    const errors = writing.log().filter(({ level, msg }) => level === 50 && msg !== 'request');
    const failed = { msg: 'a request failed', reason: expect.stringMatching(/holds the lock/) as string };
    expect(errors).toEqual([
      expect.objectContaining({ msg: 'store unavailable', err: expect.anything() as unknown }),
      expect.objectContaining(failed),
      expect.objectContaining(failed),
    ]);
    expect(errors.filter((line) => 'err' in line)).toHaveLength(1);
  });

  it('has no control characters from a token', async () => {
    const server = await startServerProcess(issuer);
    const token = await tokenOf(keys, {
      claims: { sub: 'ann\u202e\u2028{"level":60}', aws_accounts: 'everything' },
    });
    await request(server.url, 'query Ask { __typename }', undefined, bearer(token));
    await server.end('SIGTERM');
    const lines = server.log().filter(({ subject }) => subject !== undefined);
    expect(lines.map(({ msg, subject }) => [msg === 'request', subject])).toEqual([
      [false, 'ann\ufffd\ufffd{"level":60}'],
      [true, 'ann\ufffd\ufffd{"level":60}'],
    ]);
  });
});
