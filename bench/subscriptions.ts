import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { WebSocket } from 'ws';

import { scriptOptions, wholeNumber } from '../scripts/script-options';
import { cpuTimeOf, residentMemoryOf } from './processes';
import { PROJECT } from './project';
import { percentile } from './statistics';

const HELP = `Measures subscriptions over WebSockets: the memory and CPU time of idle ones, how fast an event reaches all of them, how
long other requests wait meanwhile, and whether memory stays flat when clients connect and disconnect. Starts the built server.

npm run bench:subscriptions -- [--subscriptions NUMBER] [--events NUMBER] [--cycles NUMBER] [--idle SECONDS]

  --subscriptions  each on a WebSocket of its own; 5,000 by default
  --events         changes that are made while all of them watch; 20 by default
  --cycles         how often a client connects, subscribes and disconnects; 10,000 by default
  --idle           how long idle subscriptions are watched; 60 s by default, a ping or two`;

const PROTOCOL = 'graphql-transport-ws';
const SUBSCRIPTION =
  'subscription { environmentAccountConnectionStatusChanged { connection { id status environmentName } previousStatus status } }';
const CREATE = `mutation Create($name: String!) { createEnvironmentAccountConnection(input: {
  managementAccountId: "111111111111", environmentAccountId: "222222222222", environmentName: $name }) { success } }`;
const QUERY = '{ environmentAccountConnections(first: 1) { nodes { id } } }';
/** Clients that connect at the same time. */
const CONNECTING = 50;

interface Server {
  readonly url: string;
  readonly admin: string;
  readonly pid: number;
  readonly stop: () => Promise<number | null>;
}

void main();

async function main(): Promise<void> {
  const given = scriptOptions(HELP, {
    subscriptions: { type: 'string', default: '5000' },
    events: { type: 'string', default: '20' },
    cycles: { type: 'string', default: '10000' },
    idle: { type: 'string', default: '60' },
  });
  const count = wholeNumber('subscriptions', given.subscriptions, 1);
  const events = wholeNumber('events', given.events, 1);
  const cycles = wholeNumber('cycles', given.cycles, 0);
  const idle = wholeNumber('idle', given.idle, 1);
  const server = await startServer();
  await warmUp(server);
  await measureMany(server, count, events, idle);
  await measureCycles(server, cycles);
  console.log(`exit code              ${String(await server.stop())}`);
}

async function startServer(): Promise<Server> {
  // It collects garbage on a signal, so that its heap can be compared.
  const collect = "data:text/javascript,process.on('SIGUSR2', () => globalThis.gc())";
  const main = join(PROJECT, 'dist', 'main.js');
  const child = spawn(process.execPath, ['--expose-gc', '--import', collect, main], {
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      LOG_LEVEL: 'info',
      DATABASE_URL: 'sqlite::memory:',
      PORT: '0',
      ADMIN_PORT: '0',
      PROTON_ENDPOINT_PORT: 'off',
      MAX_SOCKETS: '100000',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('the server could not be started');
  let admin = '';
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      admin ||= /health and metrics are at (http:[^\s"]+)/.exec(line)?.[1] ?? '';
      const ready = /ready at (http:\S+\/graphql)/.exec(line)?.[1];
      if (ready !== undefined) resolve(ready);
    });
    child.once('exit', (code) => {
      reject(new Error(`the server ended with ${String(code)}`));
    });
  });
  return {
    url,
    admin,
    pid,
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      return child.exitCode;
    },
  };
}

/** So that code and caches are there before memory is measured. */
async function warmUp(server: Server): Promise<void> {
  for (let index = 0; index < 500; index += 1) {
    const socket = await subscribe(server.url, () => undefined);
    socket.terminate();
  }
  for (let index = 0; index < 200; index += 1) await post(server.url, QUERY);
  await post(server.url, CREATE, { name: 'warm-up' });
  await wait(1_000);
}

async function measureMany(server: Server, count: number, events: number, idle: number): Promise<void> {
  const before = residentMemoryOf([server.pid]) ?? 0;
  let received = 0;
  let allReceived = (): void => undefined;
  const sockets = await inParallel(count, () =>
    subscribe(server.url, () => {
      received += 1;
      if (received % count === 0) allReceived();
    }),
  );
  await wait(2_000);
  const after = residentMemoryOf([server.pid]) ?? 0;
  console.log(`idle subscriptions     ${count.toLocaleString('en')}`);
  console.log(`memory                 ${(((after - before) * 1024) / count).toFixed(1)} KiB each`);
  const cpuBefore = cpuTimeOf([server.pid]) ?? 0;
  await wait(idle * 1_000);
  const cpu = ((cpuTimeOf([server.pid]) ?? 0) - cpuBefore) / (idle * 10);
  console.log(`CPU while idle         ${cpu.toFixed(2)} % of a core over ${String(idle)} s`);

  const quiet = await latenciesDuring(server.url, () => wait(3_000));
  const spans: number[] = [];
  const busy = await latenciesDuring(server.url, async () => {
    for (let event = 0; event < events; event += 1) {
      const all = new Promise<void>((resolve) => {
        allReceived = resolve;
      });
      const startedAt = performance.now();
      await post(server.url, CREATE, { name: `event-${String(event)}` });
      await all;
      spans.push(performance.now() - startedAt);
    }
  });
  spans.sort((a, b) => a - b);
  console.log(
    `one event to all       ${ms(percentile(spans, 50))} median, ${ms(spans.at(-1) ?? 0)} slowest of ${String(events)}`,
  );
  console.log(`other requests, quiet  ${spread(quiet)}`);
  console.log(`other requests, events ${spread(busy)}`);
  for (const socket of sockets) socket.terminate();
  await wait(2_000);
}

async function measureCycles(server: Server, cycles: number): Promise<void> {
  const steps = 5;
  const heaps: string[] = [];
  for (let step = 0; step < steps; step += 1) {
    await inParallel(cycles / steps, async () => {
      const socket = await subscribe(server.url, () => undefined);
      socket.terminate();
    });
    heaps.push(`${((await heapOf(server)) / 1024 / 1024).toFixed(1)} MiB`);
  }
  console.log(`heap over ${cycles.toLocaleString('en')} cycles ${heaps.join(', ')}`);
}

/** The heap in use after garbage was collected, in bytes. */
async function heapOf({ admin, pid }: Server): Promise<number> {
  for (let collection = 0; collection < 2; collection += 1) {
    process.kill(pid, 'SIGUSR2');
    await wait(1_000);
  }
  const page = await (await fetch(`${admin}/metrics`)).text();
  return Number(/^nodejs_heap_size_used_bytes (\d+)/m.exec(page)?.[1]);
}

/**
 * Sends one query after another while `work` runs, from a thread of its own, which does not wait for the subscribers of this one.
 * @returns how long each took, in milliseconds, ascending
 */
async function latenciesDuring(url: string, work: () => Promise<unknown>): Promise<readonly number[]> {
  const worker = new Worker(QUERIES, { eval: true, workerData: { url, query: QUERY } });
  await once(worker, 'message');
  await work();
  worker.postMessage('stop');
  const [latencies] = (await once(worker, 'message')) as [number[]];
  await worker.terminate();
  return latencies.sort((a, b) => a - b);
}

const QUERIES = `
  const { parentPort, workerData: { url, query } } = require('node:worker_threads');
  let isOver = false;
  parentPort.once('message', () => { isOver = true; });
  const send = async () => {
    const startedAt = performance.now();
    const body = JSON.stringify({ query });
    await (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).text();
    return performance.now() - startedAt;
  };
  (async () => {
    for (let index = 0; index < 100; index += 1) await send();
    parentPort.postMessage('ready');
    const latencies = [];
    while (!isOver) {
      latencies.push(await send());
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    parentPort.postMessage(latencies);
  })();`;

async function subscribe(url: string, received: () => void): Promise<WebSocket> {
  const socket = new WebSocket(url.replace('http:', 'ws:'), PROTOCOL, { perMessageDeflate: false });
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  socket.on('message', received);
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: SUBSCRIPTION } }));
  socket.ping();
  // The server has read the subscription before the ping.
  await once(socket, 'pong');
  return socket;
}

async function inParallel<Result>(count: number, work: () => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  let started = 0;
  const lane = async () => {
    while (started < count) {
      started += 1;
      results.push(await work());
    }
  };
  await Promise.all(Array.from({ length: CONNECTING }, lane));
  return results;
}

async function post(url: string, query: string, variables: object = {}): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const text = await response.text();
  if (!response.ok || text.includes('"errors"')) throw new Error(text);
}

function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(1)} ms`;
}

function spread(latencies: readonly number[]): string {
  return [50, 99, 100]
    .map((percent) => `p${String(percent)} ${ms(percentile(latencies, percent))}`)
    .join(', ');
}
