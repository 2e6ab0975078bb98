import { fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

import type { Environment, Order, Outcome, Served } from './candidates/start';

/** A candidate could not be started, or its process has ended. */
export class HostError extends Error {
  override readonly name = 'HostError';
}

/** A process that runs candidates: usually one. */
export interface Host {
  readonly pid: number;
  /**
   * Starts a candidate in the process. Resolves when it accepts requests.
   * @throws HostError when it can't be started, or not in time
   */
  readonly start: (candidate: string, environment: Environment) => Promise<Served>;
  /** Rejects with a HostError when the process ends by itself. */
  readonly ended: Promise<never>;
  /** Kills the process and resolves when it has ended. Nothing that a candidate writes is needed afterwards. */
  readonly stop: () => Promise<void>;
}

export interface HostOptions {
  /** The compiled `candidates/run.ts`. */
  readonly script: string;
  readonly cwd: string;
  /** The file for its standard output. A candidate that logs does so as in production: to standard output, redirected to a file. */
  readonly log: string;
  /** How messages name what runs in it. */
  readonly title: string;
  /** How long a candidate may take to start, in milliseconds. */
  readonly startTimeoutMs?: number;
}

const START_TIMEOUT_MS = 60_000;

export function startHost({ script, cwd, log, title, startTimeoutMs = START_TIMEOUT_MS }: HostOptions): Host {
  const { PATH, HOME } = process.env;
  const output = openSync(log, 'a');
  const child = fork(script, [], {
    cwd,
    env: { PATH, HOME, NODE_ENV: 'production' },
    // Without the hook that compiles the bench itself.
    execArgv: [],
    stdio: ['ignore', output, 'pipe', 'ipc'],
  });
  closeSync(output);
  const { pid } = child;
  if (pid === undefined) throw new HostError(`${title} could not be started`);
  let printed = '';
  child.stderr
    ?.setEncoding('utf8')
    .on('data', (chunk: string) => (printed = (printed + chunk).slice(-MAX_PRINTED)));
  const withOutput = (message: string) =>
    new HostError(printed === '' ? message : `${message}:\n${printed.trimEnd()}`);

  // `close` comes after all of its output, `exit` may come before.
  const closed = new Promise((resolve) => child.once('close', resolve));
  let stopping = false;
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('close', (code, signal) => {
      if (!stopping) reject(withOutput(`${title} ended with ${String(signal ?? code)}`));
    });
  });
  // Reported to those who wait for it.
  ended.catch(() => undefined);

  const waiting = new Map<number, (outcome: Outcome) => void>();
  child.on('message', (outcome: Outcome) => {
    waiting.get(outcome.order)?.(outcome);
    waiting.delete(outcome.order);
  });
  let orders = 0;

  return {
    pid,
    ended,
    async start(candidate, environment) {
      orders += 1;
      const order: Order = { order: orders, candidate, environment };
      const outcome = new Promise<Outcome>((resolve) => waiting.set(order.order, resolve));
      // A process that has ended can't receive it; `ended` says so.
      child.send(order, () => undefined);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => {
          reject(withOutput(`${candidate} was not ready within ${String(startTimeoutMs / 1_000)} s`));
        }, startTimeoutMs);
      });
      try {
        const { served, error } = await Promise.race([outcome, ended, late]);
        if (!served) throw withOutput(`${candidate} could not be started: ${String(error)}`);
        return served;
      } finally {
        clearTimeout(timer);
      }
    },
    async stop() {
      stopping = true;
      child.kill('SIGKILL');
      await closed;
    },
  };
}

/** Characters of the output that messages show. */
const MAX_PRINTED = 5_000;
