import { once } from 'node:events';
import { connect } from 'node:net';

import { callAs, sendHttp } from '../support/endpoint-call';
import { request } from '../support/graphql-client';
import { startServerProcess, type LogLine, type ServerProcess } from '../support/server-process';

const CREATE = `mutation Ask($name: String!) {
  createEnvironmentAccountConnection(
    input: { managementAccountId: "111111111111", environmentName: $name }
  ) { success error { code } }
}`;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let server: ServerProcess;
beforeEach(async () => {
  server = await startServerProcess({});
});

/** What the server said of requests, all of it: it has ended. */
async function requestLines(): Promise<readonly LogLine[]> {
  await server.end('SIGTERM');
  return server.log().filter(({ msg }) => msg === 'request');
}

/** Sends bytes and goes on reading until the server closes the connection. */
async function sendBytes(origin: string, bytes: string): Promise<void> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  socket.on('error', () => undefined).resume();
  socket.write(bytes);
  await once(socket, 'close');
}

describe('The log', () => {
  it('has one line for each GraphQL request, with who asked for what, and what became of it', async () => {
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

  it('has one line for each request of an AWS client, whose id the client was told', async () => {
    const origin = server.protonEndpoint ?? '';
    const answers = [
      await callAs(origin, '111111111111', 'ListEnvironmentAccountConnections', {
        requestedBy: 'MANAGEMENT_ACCOUNT',
      }),
      await callAs(origin, '111111111111', 'GetEnvironmentAccountConnection', { id: 'x' }),
      await callAs(origin, 'AKIDEXAMPLE', 'GetEnvironmentAccountConnection', {}),
      await sendHttp(origin, {}),
    ];
    const lines = await requestLines();
    expect(lines.map(({ requestId }) => requestId)).toEqual(
      answers.map(({ headers }) => headers['x-amzn-requestid']),
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
      // Who is not proven is not named.
      expect.objectContaining({ subject: null, outcome: 'UnrecognizedClientException' }),
      expect.objectContaining({ subject: null, outcome: 'MissingAuthenticationTokenException' }),
    ]);
  });

  it('has one line for what never became a request, and for a client that went away', async () => {
    const { origin } = new URL(server.url);
    await sendBytes(origin, 'GARBAGE\r\n\r\n');
    await sendBytes(server.protonEndpoint ?? '', 'GARBAGE\r\n\r\n');
    // A body that is none, within a request that had begun.
    await sendBytes(
      origin,
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    );
    const socket = connect(Number(new URL(origin).port), '127.0.0.1');
    socket.write(
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n',
    );
    // It has begun once the server says to go on.
    await once(socket, 'data');
    socket.destroy();
    await request(server.url, '{ __typename }');
    const lines = await requestLines();
    expect(lines.map(({ server: name, outcome, status }) => ({ name, outcome, status }))).toEqual([
      { name: 'graphql', outcome: 'BAD_REQUEST', status: 400 },
      { name: 'endpoint', outcome: 'SerializationException', status: 400 },
      { name: 'graphql', outcome: 'BAD_REQUEST', status: undefined },
      { name: 'graphql', outcome: 'CLIENT_GONE', status: undefined },
      { name: 'graphql', outcome: 'OK', status: 200 },
    ]);
  });

  it('can’t be written into by callers, nor flooded by one request', async () => {
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
