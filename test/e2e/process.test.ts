import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

import {
  CreateEnvironmentAccountConnectionDocument,
  EnvironmentAccountConnectionDocument,
} from '../../generated/operations/graphql';
import { useTemporaryFolder } from '../support/folder';
import { dataOf } from '../support/graphql-client';
import { runServerToEnd, startServerProcess } from '../support/server-process';

const folder = useTemporaryFolder();
const CREATE = { managementAccountId: '111111111111', environmentName: 'payments-prod' };

describe('The process', () => {
  it('prints only log lines, one with its URL, and keeps connections over a restart', async () => {
    const database = { DATABASE_URL: `sqlite:${folder.path('data/proton.db')}` };
    const first = await startServerProcess(database);
    expect(first.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/graphql$/);
    const { createEnvironmentAccountConnection: created } = await dataOf(
      first.url,
      CreateEnvironmentAccountConnectionDocument,
      {
        create: CREATE,
      },
    );
    expect(await first.end('SIGTERM')).toBe(0);
    // V8 would report a flag that it does not know on standard error.
    for (const line of first.printed().trim().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ level: 30 });
    // A clean shutdown leaves no write-ahead log.
    expect(existsSync(folder.path('data/proton.db-wal'))).toBe(false);

    const second = await startServerProcess(database);
    const { environmentAccountConnection: read } = await dataOf(
      second.url,
      EnvironmentAccountConnectionDocument,
      {
        id: created?.data?.id ?? '',
      },
    );
    expect(await second.end('SIGINT')).toBe(0);
    expect(read).toMatchObject({
      id: created?.data?.id,
      status: 'PENDING',
      createdAt: created?.data?.created_at,
    });
  });

  it('finishes running requests on SIGINT, and shuts down once however many signals come', async () => {
    const { url, child, exited } = await startServerProcess({ DATABASE_URL: 'sqlite::memory:' });
    const calls = Array.from({ length: 20 }, (_, index) =>
      dataOf(url, CreateEnvironmentAccountConnectionDocument, {
        create: { ...CREATE, environmentName: `e${String(index)}` },
      }),
    );
    await Promise.race(calls);
    // Ctrl-C under npm sends two signals.
    child.kill('SIGINT');
    child.kill('SIGINT');
    const results = await Promise.allSettled(calls);
    expect(await exited).toBe(0);
    for (const result of results) {
      // Requests that had reached the server get a full response; the others fail to connect.
      const outcome =
        result.status === 'fulfilled' ? result.value.createEnvironmentAccountConnection?.success : 'refused';
      expect([true, 'refused']).toContain(outcome);
    }
    expect(results.map(({ status }) => status)).toContain('fulfilled');
  });

  it('can start at the same time as others on one new file, which is created once', async () => {
    const database = { DATABASE_URL: `sqlite:${folder.path('proton.db')}` };
    const servers = await Promise.all(Array.from({ length: 4 }, () => startServerProcess(database)));
    const [first, ...others] = servers;
    const { createEnvironmentAccountConnection: created } = await dataOf(
      first?.url ?? '',
      CreateEnvironmentAccountConnectionDocument,
      { create: CREATE },
    );
    for (const { url } of others) {
      const { environmentAccountConnection: read } = await dataOf(url, EnvironmentAccountConnectionDocument, {
        id: created?.data?.id ?? '',
      });
      expect(read?.status).toBe('PENDING');
    }
    expect(await Promise.all(servers.map(({ end }) => end('SIGTERM')))).toEqual([0, 0, 0, 0]);
  });

  it('returns UNAVAILABLE while its file can’t grow, still reads, and loses no acknowledged write', async () => {
    const file = folder.path('proton.db');
    // Files of this process can have one megabyte: to the database the disk is full.
    const full = await startServerProcess({ DATABASE_URL: `sqlite:${file}` }, { prelude: 'ulimit -f 2000' });
    const acknowledged: string[] = [];
    const failures: unknown[] = [];
    for (let index = 0; failures.length < 3; index += 1) {
      const { createEnvironmentAccountConnection: payload } = await dataOf(
        full.url,
        CreateEnvironmentAccountConnectionDocument,
        { create: { ...CREATE, environmentName: `e${String(index)}` } },
      );
      if (payload?.data) acknowledged.push(payload.data.id);
      else failures.push(payload?.error?.code);
    }
    expect(failures).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE']);
    expect(acknowledged.length).toBeGreaterThan(10);
    const count = '{ environmentAccountConnections { totalCount } }';
    const counted = { environmentAccountConnections: { totalCount: acknowledged.length } };
    expect(await dataOf(full.url, count)).toEqual(counted);
    await full.end('SIGTERM');

    const unlimited = await startServerProcess({ DATABASE_URL: `sqlite:${file}` });
    expect(await dataOf(unlimited.url, count)).toEqual(counted);
    const again = await dataOf(unlimited.url, CreateEnvironmentAccountConnectionDocument, {
      create: { ...CREATE, environmentName: 'again' },
    });
    expect(await unlimited.end('SIGTERM')).toBe(0);
    expect(again.createEnvironmentAccountConnection?.success).toBe(true);
  });

  it('lists every mistake in its configuration and ends with 1, without a stack trace', async () => {
    const { code, stdout, stderr } = await runServerToEnd({
      PORT: 'eighty',
      AWS_REGION: 'mars',
      HOST: '0.0.0.0',
      OTEL_TRACES_EXPORTER: 'zipkin',
    });
    expect(code).toBe(1);
    expect(stdout).toBe('');
    for (const name of ['PORT', 'AWS_REGION', 'HOST', 'OTEL_TRACES_EXPORTER'])
      expect(stderr).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('names a file that is not a store, does not change it, and ends with 1', async () => {
    const file = folder.path('letter.txt');
    writeFileSync(file, 'Dear Sir or Madam, '.repeat(100));
    const { code, stderr } = await runServerToEnd({ PORT: '0', DATABASE_URL: `sqlite:${file}` });
    expect(code).toBe(1);
    expect(stderr).toMatch(/letter\.txt is not a SQLite database/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('names an address that is in use, and ends with 1', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address ? String(address.port) : '';
    const { code, stderr } = await runServerToEnd({ PORT: port, DATABASE_URL: 'sqlite::memory:' });
    taken.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`Can't listen on HOST 127.0.0.1, PORT ${port}: another process does.`);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('listens on all addresses with ALLOW_UNAUTHENTICATED=true', async () => {
    const { url, end } = await startServerProcess({
      HOST: '0.0.0.0',
      PROTON_ENDPOINT_HOST: '127.0.0.1',
      ALLOW_UNAUTHENTICATED: 'true',
      DATABASE_URL: 'sqlite::memory:',
    });
    const { port } = new URL(url);
    const data = await dataOf(`http://127.0.0.1:${port}/graphql`, '{ __typename }');
    await end('SIGTERM');
    expect(data).toEqual({ __typename: 'Query' });
  });
});
