import { once } from 'node:events';
import { connect } from 'node:net';

import { startApp, type RunningApp } from '../../support/app';
import { dataOf } from '../../support/graphql-client';

const upgradeOf = (path: string, protocol: string) =>
  `GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\nconnection: upgrade\r\nupgrade: ${protocol}\r\n` +
  'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

/** Sends a request, and resets the connection once the first bytes of its response are there. @returns the status */
async function resetAfterResponse(url: string, bytes: string): Promise<string | undefined> {
  const { port, hostname } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname });
  socket.write(bytes);
  const [head] = (await once(socket, 'data')) as [Buffer];
  socket.resetAndDestroy();
  return /^HTTP\/1\.1 (\d+)/.exec(head.toString())?.[1];
}

describe('A request for an upgrade', () => {
  let app: RunningApp;
  let withoutSockets: RunningApp;
  beforeAll(async () => {
    [app, withoutSockets] = await Promise.all([
      startApp({
        CONSOLE_PORT: '0',
        CONSOLE_GRAPHQL_URL: 'http://127.0.0.1:1/graphql',
      }),
      startApp({ MAX_SOCKETS: '0' }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([app.stop(), withoutSockets.stop()]);
  });

  describe.each(['websocket', 'h2c'])('to %s', (protocol) => {
    it.each([
      ['health and metrics', () => app.admin, '/health/live', '200'],
      ['AWS clients', () => app.protonEndpoint, '/', '400'],
      ['the console', () => app.console, '/console/', '200'],
      ['GraphQL, where MAX_SOCKETS is 0', () => withoutSockets.url, '/graphql', '200'],
    ])(
      'gets the response of an ordinary one from the server for %s, which a reset does not end',
      async (_of, url, path, status) => {
        const origin = url() ?? '';
        for (let attempt = 0; attempt < 3; attempt += 1)
          expect(await resetAfterResponse(origin, upgradeOf(path, protocol))).toBe(status);
        expect(await dataOf(app.url, '{ __typename }')).toEqual({ __typename: 'Query' });
        expect(await dataOf(withoutSockets.url, '{ __typename }')).toEqual({ __typename: 'Query' });
      },
    );
  });
});

it.each([
  ['/console/received', '200'],
  ['/explorer/', '200'],
  ['/', '302'],
  ['/other', '404'],
])('A WebSocket opens at no path but that of GraphQL: not at %s', async (path, status) => {
  const app = await startApp();
  expect(await resetAfterResponse(app.url, upgradeOf(path, 'websocket'))).toBe(status);
  await app.stop();
});
