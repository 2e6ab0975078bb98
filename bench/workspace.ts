import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { FIXED_BYTES, type Candidate } from './candidates';
import { compileCandidates } from './compile-candidates';
import { PROJECT } from './project';

export interface RunningCandidate {
  readonly candidate: Candidate;
  readonly url: string;
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

/** The files and processes of one run. */
export interface Workspace {
  /** The path of a file in the workspace. */
  readonly path: (name: string) => string;
  /** Copies a store that no process has open. */
  readonly copyOf: (store: string, name: string) => string;
  /**
   * Starts a candidate in its own process. Resolves when it accepts requests.
   * @param serving the store, or the file with the fixed response
   */
  readonly start: (candidate: Candidate, serving: string) => Promise<RunningCandidate>;
  /** Kills the processes that still run, and removes all files. */
  readonly close: () => void;
}

/** How long a candidate may take to start. */
const START_TIMEOUT_MS = 120_000;

export function createWorkspace(): Workspace {
  // Inside the project, because the system's temporary folder can be in memory, where a durable write is free.
  const parent = join(PROJECT, 'bench', 'data');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'run-'));
  const scripts = compileCandidates(folder);
  const children = new Set<ChildProcess>();

  function argumentsFor({ name }: Candidate, serving: string): readonly string[] {
    return [join(scripts, `${name}.js`), ...(name === FIXED_BYTES ? [serving] : [])];
  }

  return {
    path: (name) => join(folder, name),

    copyOf(store, name) {
      const copy = join(folder, name);
      copyFileSync(store, copy);
      return copy;
    },

    async start(candidate, serving) {
      const { PATH, HOME } = process.env;
      const child = spawn(process.execPath, argumentsFor(candidate, serving), {
        env: {
          PATH,
          HOME,
          NODE_ENV: 'production',
          PORT: '0',
          ADMIN_PORT: '0',
          PROTON_ENDPOINT_PORT: 'off',
          DATABASE_URL: `sqlite:${serving}`,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      children.add(child);
      child.once('exit', () => children.delete(child));
      return {
        candidate,
        url: await urlOf(child, candidate),
        pid: pidOf(child),
        async stop() {
          if (!children.has(child)) return;
          const exited = once(child, 'exit');
          child.kill('SIGTERM');
          await exited;
        },
      };
    },

    close() {
      for (const child of children) child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A child that could be started has a process id. */
function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the candidate could not be started');
  return pid;
}

/** Waits for the line with the candidate's URL. Keeps reading afterwards, so that a full pipe never blocks the candidate. */
function urlOf(child: ReturnType<typeof spawn>, { title }: Candidate): Promise<string> {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error('the candidate must be started with pipes for its output');
  return new Promise((resolve, reject) => {
    let printed = '';
    const fail = (what: string) => {
      clearTimeout(timeout);
      reject(new Error(`${title} ${what}:\n${printed}`));
    };
    const timeout = setTimeout(fail, START_TIMEOUT_MS, 'was not ready in time');
    child.once('exit', (code) => {
      fail(`exited with ${String(code)} before it was ready`);
    });
    stderr.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk));
    createInterface({ input: stdout }).on('line', (line) => {
      const url = /ready at (http:[^\s"]+\/graphql)/.exec(line)?.[1];
      if (url === undefined) return;
      clearTimeout(timeout);
      resolve(url);
    });
  });
}
