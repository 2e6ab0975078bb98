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

describe('A server that is told to stop', () => {
  it('says at once that it is not ready, and goes on taking whoever comes until its delay is over', async () => {
    const server = await startServerProcess({ SHUTDOWN_DELAY_MS: '3000' });
    const { url, admin = '', child, exited } = server;
    const ready = async () => (await fetch(`${admin}/health/ready`)).status;
    expect(await ready()).toBe(200);
    const toldAt = performance.now();
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
    expect(performance.now() - toldAt).toBeGreaterThan(2900);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  describe('while Proton answers nothing', () => {
    let proton: Server;
    let asked: Promise<unknown>;
    let variables: Readonly<Record<string, string>>;

    beforeEach(async () => {
      proton = createServer();
      asked = once(proton, 'request');
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

    it('cuts what takes longer than its grace, says how many requests that were, and ends with 1', async () => {
      const server = await startServerProcess({ ...variables, SHUTDOWN_GRACE_MS: '300' });
      const call = request(server.url, READ).catch(() => 'cut');
      await asked;
      expect(await server.end('SIGTERM')).toBe(1);
      expect(await call).toBe('cut');
      expect(server.printed()).toMatch(/requests that were cut because they took too long: 1"/);
    });

    it('ends at once when a signal comes again, but not when it comes twice in a moment', async () => {
      const signals = [
        ['SIGINT', 130],
        ['SIGTERM', 143],
      ] as const;
      let calls = 0;
      const allAsked = new Promise<void>((resolve) => {
        proton.on('request', () => {
          calls += 1;
          if (calls === signals.length) resolve();
        });
      });
      // One server for each, at the same time: most of it is waiting.
      await Promise.all(
        signals.map(async ([signal, code]) => {
          const server = await startServerProcess({ ...variables, SHUTDOWN_SIGNAL_REPEAT_MS: '3000' });
          const call = request(server.url, READ).catch(() => 'cut');
          await allAsked;
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

describe('A server that is told to stop while another process holds the lock of its file', () => {
  const { path } = useTemporaryFolder();

  it('waits for it no longer than its grace, and keeps nothing of what it has not acknowledged', async () => {
    const file = path('proton.db');
    const variables = { DATABASE_URL: `sqlite:${file}`, SHUTDOWN_GRACE_MS: '100' };
    const patience = { STORE_LOCK_TIMEOUT_MS: '60000', EXECUTION_TIMEOUT_MS: '60000' };
    const server = await startServerProcess({ ...variables, ...patience });
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

describe('A server in which something fails that nobody foresaw', () => {
  const { path } = useTemporaryFolder();

  it('says so, answers what is under way, and ends with 1', async () => {
    const fault = path('fault.cjs');
    writeFileSync(
      fault,
      `process.on('SIGUSR2', () => setTimeout(() => { throw new Error('nobody foresaw this'); }));`,
    );
    const server = await startServerProcess({ NODE_OPTIONS: `--require ${fault}` });
    const { url, child, exited } = server;
    const halfSent = await begunRequest(new URL(url));
    child.kill('SIGUSR2');
    while (!server.printed().includes('nobody foresaw this')) await wait(5);
    halfSent.write('{"query":"{ __typename }"}');
    expect(await textOf(halfSent)).toMatch(/^HTTP\/1\.1 200 .*"__typename":"Query"/s);
    expect(await exited).toBe(1);
    expect(server.log().filter(({ level }) => level === 60)).toEqual([
      expect.objectContaining({ err: expect.objectContaining({ message: 'nobody foresaw this' }) as object }),
    ]);
    expect(server.printed()).toContain('proton-subgraph has stopped"');
  });
});

/** A request whose header the server has, and whose body is still to come. */
async function begunRequest({ hostname, port, pathname }: URL): Promise<Socket> {
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write(
    `POST ${pathname} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n`,
  );
  await once(socket, 'data');
  return socket;
}
