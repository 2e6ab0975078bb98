import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

import { environmentWithStore, testEnvironment } from './test-environment';

export const PROJECT = join(__dirname, '..', '..');
/** Options that the build of the tests took as well. */
export const NODE_OPTIONS = process.env['NODE_OPTIONS'] ?? '';
const SERVER = join(PROJECT, 'dist', 'main.js');

export interface ServerProcess {
  readonly url: string;
  /** The server for AWS clients; undefined when there is none. */
  readonly protonEndpoint: string | undefined;
  /** The server for health and metrics; undefined when it is turned off. */
  readonly admin: string | undefined;
  /** Its output so far, on both streams. Complete when the process has ended. */
  readonly printed: () => string;
  /** The lines of its log. */
  readonly log: () => readonly LogLine[];
  readonly child: ChildProcess;
  /** Resolves with the exit code; null when a signal ended the process. */
  readonly exited: Promise<number | null>;
  /** Sends a signal and resolves like `exited`. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>;
}

/** A parsed line of the log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** Killed after the tests, because a failed test may leave its server running. */
const started = new Set<ChildProcess>();
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
});

/** Leaves out this machine's variables, because they could change the server's behaviour. */
export function environmentWith(variables: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, ...variables };
}

/**
 * Starts the built server in its own process and resolves when it logs that it is ready.
 * @param prelude a shell command to run first in the same process, such as `ulimit`
 */
export async function startServerProcess(
  variables: Readonly<Record<string, string>>,
  { prelude = ':' }: { readonly prelude?: string } = {},
): Promise<ServerProcess> {
  const server = [process.execPath, SERVER];
  const environment = await environmentWithStore(variables);
  return whenReady(
    spawn('sh', ['-c', `${prelude}; exec "$@"`, 'sh', ...server], {
      env: environmentWith(environment),
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
}

/** A process that has loaded the server, but has not started it. */
export interface WaitingServer {
  readonly start: () => Promise<ServerProcess>;
  /** Ends the process, with SIGKILL. */
  readonly kill: () => void;
}

/** Loads the built server in a process without starting it, so that it can replace another one quickly. */
export function prepareServerProcess(variables: Readonly<Record<string, string>>): WaitingServer {
  const child = spawn(process.execPath, [join(__dirname, 'wait-to-start.js')], {
    env: environmentWith(testEnvironment(variables)),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  started.add(child);
  return {
    start() {
      child.stdin.end('\n');
      return whenReady(child);
    },
    kill() {
      child.kill('SIGKILL');
    },
  };
}

async function whenReady(
  child: ChildProcessByStdio<Writable | null, Readable, Readable>,
): Promise<ServerProcess> {
  started.add(child);
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk));
  let protonEndpoint: string | undefined;
  let admin: string | undefined;
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      printed += `${line}\n`;
      protonEndpoint ??= /AWS clients at (http:[^\s"]+)/.exec(line)?.[1];
      admin ??= /health and metrics are at (http:[^\s"]+)/.exec(line)?.[1];
      const ready = /ready at (http:\S+\/graphql)/.exec(line)?.[1];
      if (ready !== undefined) resolve(ready);
    });
    child.once('exit', (code) => {
      reject(new Error(`the server ended with ${String(code)} before it was ready:\n${printed}`));
    });
  });
  // The last output may arrive after the exit, but before the streams close.
  const exited = once(child, 'close').then(() => child.exitCode);
  return {
    url,
    protonEndpoint,
    admin,
    printed: () => printed,
    log: () =>
      printed
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as LogLine),
    child,
    exited,
    end(signal) {
      child.kill(signal);
      return exited;
    },
  };
}

/** Runs the built server until it ends, for starts that must fail. By default with free ports and a store in memory. */
export async function runServerToEnd(
  variables: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [SERVER], {
    env: environmentWith(testEnvironment(variables)),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}
