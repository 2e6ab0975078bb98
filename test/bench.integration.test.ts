import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { candidate } from '../bench/candidates';
import { CASE_NAMES, CASES, type CaseName, type Exchange } from '../bench/cases';
import { startHost, type Host, type HostOptions } from '../bench/host';
import { CAN_READ_PROCESSES, cpuTimeOf, residentMemoryOf } from '../bench/processes';
import { isExpected, send } from '../bench/responses';
import { runTrial } from '../bench/trial';
import { hasPostgres } from './support/postgres';
import { environmentWith, PROJECT } from './support/server-process';

const folder = mkdtempSync(join(tmpdir(), 'bench-test-'));
const hosts: Host[] = [];
afterAll(async () => {
  await Promise.all(hosts.map(({ stop }) => stop()));
  rmSync(folder, { recursive: true });
});

/** Runs JavaScript in the place of the candidates. */
function hostOf(javascript: string, options: Partial<HostOptions> = {}): Host {
  const script = join(folder, `${String(hosts.length)}.js`);
  writeFileSync(script, javascript);
  const host = startHost({ script, cwd: folder, log: `${script}.log`, title: 'Candidate', ...options });
  hosts.push(host);
  return host;
}

/** A candidate that calls `respond(response)` for each request. */
const serverThat = (respond: string) => `
  process.on('message', ({ order }) => {
    const server = require('node:http').createServer((request, response) => {
      request.resume().on('end', () => { ${respond} });
    });
    server.listen(0, '127.0.0.1', () => {
      process.send({ order, served: { url: 'http://127.0.0.1:' + server.address().port } });
    });
  });
  process.once('disconnect', () => process.exit());
`;

const EXCHANGE: Exchange = { body: '{}', data: '{"a":1}', generates: false };

/** Sends the first requests of cases. @returns what the bench prints */
async function smoke(cases: readonly CaseName[]): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['-r', '@swc-node/register', 'bench/run.ts', '--smoke', '--cases', cases.join()],
    { cwd: PROJECT, env: environmentWith({}) },
  );
  return stdout;
}

const CASES_HERE = CASE_NAMES.filter((name) => hasPostgres || CASES[name].comparison !== 'postgres');
const WHICH = hasPostgres ? 'every case' : 'every case but those of PostgreSQL';
// One request: 6 cases on 7 servers, 4 on 4 adapters. Two requests: 5 cases on 6 servers, 2 on 3 gateways, 1 on 4 that start.
const CHECKED = 138;
// One request: 3 reads on 4 candidates, creates on 4 or 5.
const CHECKED_ON_POSTGRES = hasPostgres ? 26 : 0;

describe('The bench', () => {
  it(`sends ${WHICH} to every candidate, and all responses are as expected`, async () => {
    expect(await smoke(CASES_HERE)).toBe(
      `All responses are as expected: ${String(CHECKED + CHECKED_ON_POSTGRES)} checked, nothing measured.\n`,
    );
  });

  it('ends with the output of a candidate whose process dies while it starts', async () => {
    const host = hostOf(`console.error('no such table'); process.exitCode = 3;`);
    await expect(host.start('any', {})).rejects.toThrow('Candidate ended with 3:\nno such table');
  });

  it('ends with the error of a candidate that does not start', async () => {
    const host = hostOf(
      `process.on('message', ({ order }) => process.send({ order, error: 'no such port' }));`,
    );
    await expect(host.start('yoga', {})).rejects.toThrow('yoga could not be started: no such port');
  });

  it('ends when a candidate is not ready in time', async () => {
    const host = hostOf(`process.on('message', () => undefined);`, { startTimeoutMs: 200 });
    await expect(host.start('yoga', {})).rejects.toThrow('yoga was not ready within 0.2 s');
  });

  it('ends when a candidate does not respond in time', async () => {
    const { url } = await hostOf(serverThat('')).start('any', {});
    await expect(send(candidate('yoga'), url, 'entity', EXCHANGE, 200)).rejects.toThrow(
      'GraphQL Yoga does not respond to "entity" within 0.2 s',
    );
  });

  it('shows where a response differs from the expected one', async () => {
    const { url } = await hostOf(serverThat(`response.end('{"data":{"a":2}}')`)).start('any', {});
    await expect(send(candidate('yoga'), url, 'entity', EXCHANGE)).rejects.toThrow(
      'GraphQL Yoga responds to "entity" with status 200. At character 13 the response is\n' +
        '  …{"data":{"a":2}}…\ninstead of\n  …{"data":{"a":1}}…',
    );
  });

  it.each([
    ['the data and nothing else', '{"data":{"a":1}}\n', true],
    ['other data', '{"data":{"a":2}}', false],
    ['errors beside the data', '{"data":{"a":1},"errors":[]}', false],
    ['no data', '{"errors":[]}', false],
  ])('checks a response with %s', (_what, body, expected) => {
    expect(isExpected(EXCHANGE, body)).toBe(expected);
  });

  it('checks a response with a new id and a new time', () => {
    const exchange = { body: '', data: '{"id":"ID","at":"TIME","name":"b"}', generates: true };
    const response = (name: string) =>
      `{"data":{"id":"6f1c2d3e-0000-4000-a000-0123456789ab","at":"2024-01-01T00:00:00.000Z","name":"${name}"}}`;
    expect(isExpected(exchange, response('b'))).toBe(true);
    expect(isExpected(exchange, response('c'))).toBe(false);
  });

  /** Puts a load of four connections on a candidate until it has been measured for `seconds`. */
  async function loadOn(host: Host, seconds: number) {
    const { url } = await host.start('any', {});
    return runTrial({
      title: '"entity" of candidate',
      urls: [url],
      seconds,
      connections: 4,
      traffic: () => EXCHANGE,
      accepts: isExpected,
      cpuTimes: () => ({ server: cpuTimeOf([host.pid]), gateway: undefined }),
      memory: () => residentMemoryOf([host.pid]),
      ended: host.ended,
    });
  }

  it('ends a trial when the process of the candidate dies', async () => {
    const responding = `if (++globalThis.count > 100) process.exit(4); response.end('{"data":{"a":1}}')`;
    const host = hostOf(`globalThis.count = 0; ${serverThat(responding)}`);
    await expect(loadOn(host, 600)).rejects.toThrow('Candidate ended with 4');
  });

  it('fails a trial with a wrong response', async () => {
    const responding = `response.end(++globalThis.count === 20 ? 'wrong' : '{"data":{"a":1}}')`;
    const host = hostOf(`globalThis.count = 0; ${serverThat(responding)}`);
    await expect(loadOn(host, 0.2)).rejects.toThrow(
      '"entity" of candidate failed the trial: 1 wrong responses, 0 failed connections.\nThe first wrong response: wrong',
    );
  });

  it('measures the CPU time per request of the process that serves, and its memory', async () => {
    const used = 'process.cpuUsage().user + process.cpuUsage().system';
    const busy = `const end = 10_000 + ${used}; while (${used} < end);`;
    const host = hostOf(
      `globalThis.held = Buffer.alloc(200 * 2 ** 20, 1); ${serverThat(`${busy} response.end('{"data":{"a":1}}')`)}`,
    );
    const { requests, cpuMs, memoryMiB } = await loadOn(host, 0.5);
    expect(requests).toBeGreaterThan(0);
    // Each request takes ten milliseconds of work, and a little more for HTTP.
    expect(cpuMs.gateway).toBeUndefined();
    expect(cpuMs.server === undefined).toBe(!CAN_READ_PROCESSES);
    expect(cpuMs.server ?? 10).toBeGreaterThan(8);
    expect(cpuMs.server ?? 10).toBeLessThan(30);
    expect(memoryMiB === undefined).toBe(!CAN_READ_PROCESSES);
    expect(memoryMiB ?? 250).toBeGreaterThan(200);
    expect(memoryMiB ?? 250).toBeLessThan(400);
  });
});
