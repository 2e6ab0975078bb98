import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { PROJECT } from '../support/server-process';

/** The example in its own process, as `npm run supergraph` starts it. */
export interface ExampleProcess {
  readonly child: ChildProcess;
  readonly gateway: string;
  readonly proton: string;
  readonly accounts: string;
  /** The process of proton-subgraph. */
  readonly protonPid: number;
  /** Its output so far. */
  readonly printed: () => string;
  /** Resolves with its exit code and output. */
  readonly ended: Promise<Ending>;
}

export interface Ending {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const FREE_PORTS = {
  PORT: '0',
  PROTON_ENDPOINT_PORT: '0',
  ADMIN_PORT: '0',
  ACCOUNTS_PORT: '0',
  GATEWAY_PORT: '0',
  DATABASE_URL: 'sqlite::memory:',
};

/** Starts the example on free ports with a store in memory, and resolves when it prints that it is ready. */
export async function startExample(
  variables: Readonly<Record<string, string>> = {},
): Promise<ExampleProcess> {
  const { child, ended, printed } = spawnExample(variables);
  const ready = new Promise<string>((resolve) => {
    child.stdout.on('data', () => {
      if (printed().includes('in both directions')) resolve(printed());
    });
  });
  const table = await Promise.race([ready, ended]);
  if (typeof table !== 'string')
    throw new Error(`the example ended before it was ready: ${JSON.stringify(table)}`);
  return {
    child,
    ended,
    printed,
    gateway: found(table, /^ {2}gateway +(http:\S+)/m),
    proton: found(table, /^ {2}proton-subgraph +(http:\S+)/m),
    accounts: found(table, /^ {2}accounts +(http:\S+)/m),
    protonPid: Number(found(table, /process (\d+)$/m)),
  };
}

/** Runs the example to its end, for starts that are expected to fail. */
export function runExampleToEnd(variables: Readonly<Record<string, string>>): Promise<Ending> {
  return spawnExample(variables).ended;
}

function spawnExample(variables: Readonly<Record<string, string>>) {
  const child = spawn(
    process.execPath,
    ['-r', '@swc-node/register', join('examples', 'supergraph', 'start.ts')],
    {
      cwd: PROJECT,
      // Variables of this process must not change the example.
      env: { ...FREE_PORTS, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const ended = once(child, 'close').then((): Ending => ({ code: child.exitCode, stdout, stderr }));
  return { child, ended, printed: () => stdout };
}

function found(text: string, pattern: RegExp): string {
  const match = pattern.exec(text)?.[1];
  if (match === undefined)
    throw new Error(`${String(pattern)} is not in the output of the example:\n${text}`);
  return match;
}
