import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';

import Database from 'better-sqlite3';

import { useTemporaryFolder } from '../support/folder';
import { request } from '../support/graphql-client';
import { startServerProcess } from '../support/server-process';

const READ = '{ environmentAccountConnection(id: "2b5b3a2e-2b5b-4a2e-8b5b-3a2e2b5b3a2e") { id } }';

const CREATE =
  'mutation { createEnvironmentAccountConnection(input: { managementAccountId: "111111111111", environmentAccountId: "222222222222", environmentName: "late", roleArn: "arn:aws:iam::222222222222:role/proton" }) { success } }';

describe('A server that receives SIGTERM', () => {
  it('reports not ready at once, and serves new requests until its delay ends', async () => {
    const server = await startServerProcess({ SHUTDOWN_DELAY_MS: '3000' });
    const { url, admin = '', child, exited } = server;
    const ready = async () => (await fetch(`${admin}/health/ready`)).status;
    expect(await ready()).toBe(200);
    const signalledAt = performance.now();
    child.kill('SIGTERM');
    while ((await ready()) !== 503) await wait(5);
    for (let count = 0; count < 5; count += 1) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"query":"{ __typename }"}',
      });
      expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
    }
    expect((await fetch(`${admin}/health/live`)).status).toBe(200);
    expect(await exited).toBe(0);
    expect(performance.now() - signalledAt).toBeGreaterThan(2900);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  describe('while Proton does not respond', () => {
    let proton: Server;
    let received: Promise<unknown>;
    let variables: Readonly<Record<string, string>>;

    beforeEach(async () => {
      proton = createServer();
      received = once(proton, 'request');
      proton.listen(0, '127.0.0.1');
      await once(proton, 'listening');
      variables = {
        PROTON_UPSTREAM: `http://127.0.0.1:${String((proton.address() as AddressInfo).port)}`,
        PROTON_ACCOUNTS: '111111111111',
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'none',
        AWS_REGION: 'us-east-1',
        PROTON_TIMEOUT_MS: '60000',
        EXECUTION_TIMEOUT_MS: '60000',
      };
    });

    afterEach(() => {
      proton.closeAllConnections();
      proton.close();
    });

    it('cuts requests that take longer than the grace period, logs how many, and ends with 1', async () => {
      const server = await startServerProcess({ ...variables, SHUTDOWN_GRACE_MS: '300' });
      const call = request(server.url, READ).catch(() => 'cut');
      await received;
      expect(await server.end('SIGTERM')).toBe(1);
      expect(await call).toBe('cut');
      expect(server.printed()).toMatch(/requests that were cut because they took too long: 1"/);
    });

    it('exits at once on a second signal, but not when it follows the first immediately', async () => {
      const signals = [
        ['SIGINT', 130],
        ['SIGTERM', 143],
      ] as const;
      let calls = 0;
      const allReceived = new Promise<void>((resolve) => {
        proton.on('request', () => {
          calls += 1;
          if (calls === signals.length) resolve();
        });
      });
      // Both servers run at the same time, because most of this test is waiting.
      await Promise.all(
        signals.map(async ([signal, code]) => {
          const server = await startServerProcess({ ...variables, SHUTDOWN_SIGNAL_REPEAT_MS: '3000' });
          const call = request(server.url, READ).catch(() => 'cut');
          await allReceived;
          server.child.kill(signal);
          while (!server.printed().includes(`received ${signal}`)) await wait(5);
          server.child.kill(signal);
          await wait(3_100);
          expect(server.child.exitCode).toBeNull();
          server.child.kill(signal);
          expect([signal, await server.exited, await call]).toEqual([signal, code, 'cut']);
        }),
      );
    });
  });
});

describe('A server that receives SIGTERM while another process holds the lock of its store', () => {
  const { path } = useTemporaryFolder();

  it('waits no longer than the grace period, and stores no unacknowledged write', async () => {
    const file = path('proton.db');
    const variables = { DATABASE_URL: `sqlite:${file}`, SHUTDOWN_GRACE_MS: '100' };
    const timeouts = { STORE_LOCK_TIMEOUT_MS: '60000', EXECUTION_TIMEOUT_MS: '60000' };
    const server = await startServerProcess({ ...variables, ...timeouts });
    const lock = new Database(file);
    lock.exec('BEGIN IMMEDIATE');
    const call = request(server.url, CREATE).catch(() => 'cut');
    const inFlight = async () => (await fetch(`${server.admin ?? ''}/metrics`)).text();
    while (!(await inFlight()).includes('\nproton_subgraph_requests_in_flight 1\n')) await wait(5);
    expect(await server.end('SIGTERM')).toBe(1);
    expect(await call).toBe('cut');
    lock.exec('ROLLBACK');
    lock.close();
    const again = await startServerProcess(variables);
    expect(await request(again.url, '{ environmentAccountConnections { totalCount } }')).toEqual({
      data: { environmentAccountConnections: { totalCount: 0 } },
    });
    expect(await again.end('SIGTERM')).toBe(0);
  });
});

describe('A server with an uncaught exception', () => {
  const { path } = useTemporaryFolder();

  it('logs it, finishes running requests, and ends with 1', async () => {
    const fault = path('fault.cjs');
    writeFileSync(
      fault,
      `process.on('SIGUSR2', () => setTimeout(() => { throw new Error('thrown by the test'); }));`,
    );
    const server = await startServerProcess({ NODE_OPTIONS: `--require ${fault}` });
    const { url, child, exited } = server;
    const socket = await startRequest(new URL(url));
    child.kill('SIGUSR2');
    while (!server.printed().includes('thrown by the test')) await wait(5);
    socket.write('{"query":"{ __typename }"}');
    expect(await textOf(socket)).toMatch(/^HTTP\/1\.1 200 .*"__typename":"Query"/s);
    expect(await exited).toBe(1);
    expect(server.log().filter(({ level }) => level === 60)).toEqual([
      expect.objectContaining({ err: expect.objectContaining({ message: 'thrown by the test' }) as object }),
    ]);
    expect(server.printed()).toContain('proton-subgraph has stopped"');
  });
});

/** Sends the headers of a request without its body. Resolves when the server waits for the body. */
async function startRequest({ hostname, port, pathname }: URL): Promise<Socket> {
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write(
    `POST ${pathname} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n`,
  );
  await once(socket, 'data');
  return socket;
}
