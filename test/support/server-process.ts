import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

import { testEnvironment } from './test-environment';

export const PROJECT = join(__dirname, '..', '..');
const MAIN = join(PROJECT, 'dist', 'main.js');

export interface ServerProcess {
  readonly url: string;
  /** Where it takes AWS clients; undefined where it does not. */
  readonly protonEndpoint: string | undefined;
  /** Where health and metrics are; undefined where they are turned off. */
  readonly admin: string | undefined;
  /** All that it has printed, on either stream. Once it has ended, that is all there will be. */
  readonly printed: () => string;
  /** The lines of its log. */
  readonly log: () => readonly LogLine[];
  readonly child: ChildProcess;
  /** Resolves with the exit code, null when a signal itself ended the process. */
  readonly exited: Promise<number | null>;
  /** Sends a signal, to a process that still runs, and resolves like `exited`. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>;
}

/** A line of the log, as JSON has it. */
export type LogLine = Readonly<Record<string, unknown>>;

/** A test that fails half way leaves no server behind. */
const started = new Set<ChildProcess>();
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
});

/** The variables of this machine that could change what a server does are kept out of the way. */
export function environmentWith(variables: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, ...variables };
}

/**
 * Starts the built server as a process of its own and resolves once it says that it is ready.
 * @param prelude a shell command that runs before it in the same process, as in `ulimit`
 */
export async function startServerProcess(
  variables: Readonly<Record<string, string>>,
  { prelude = ':' }: { readonly prelude?: string } = {},
): Promise<ServerProcess> {
  const server = [process.execPath, MAIN];
  return whenReady(
    spawn('sh', ['-c', `${prelude}; exec "$@"`, 'sh', ...server], {
      env: environmentWith(testEnvironment(variables)),
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
}

/** A process that has loaded the server, but has not started it. */
export interface WaitingServer {
  readonly start: () => Promise<ServerProcess>;
}

/** Has a process load the built server while another one still runs, so that the change from one to the next takes no time. */
export function prepareServerProcess(variables: Readonly<Record<string, string>>): WaitingServer {
  const child = spawn(process.execPath, ['-r', join(__dirname, 'wait-to-start.js'), MAIN], {
    env: environmentWith(testEnvironment(variables)),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  started.add(child);
  return {
    start() {
      child.stdin.end('\n');
      return whenReady(child);
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
  // What it printed last arrives before it closes its streams, and perhaps after its end.
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

/** Runs the built server to its end, for starts that are expected to fail. What is not given is free: ports, and a store of its own. */
export async function runServerToEnd(
  variables: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [MAIN], {
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
