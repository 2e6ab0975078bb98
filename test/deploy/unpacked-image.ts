import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

import { PROJECT } from '../support/server-process';
import { execForm, imageEnvironment, shipped } from './dockerfile';

const [uid = 0, gid = 0] = (shipped('USER')[0]?.args[0] ?? '').split(':').map(Number);

/** Whether the tests may become the image's user, as they may in a container; and whether that user gets to the project and its Node. */
const MAY_CHANGE_USER =
  process.getuid?.() === 0 &&
  spawnSync(process.execPath, ['-e', 'require("pino")'], { cwd: PROJECT, uid, gid }).status === 0;
const user = MAY_CHANGE_USER ? { uid, gid } : {};

/**
 * Lays out what the last stage of the Dockerfile copies, from the project as it is built here, with nothing that may be written to but
 * an empty folder for data.
 * @param folder one that is there already
 * @returns the folder to run commands in, and the one for data
 */
export function unpackImage(folder: string): { readonly app: string; readonly data: string } {
  const app = join(folder, 'app');
  const data = join(folder, 'data');
  mkdirSync(data);
  for (const { args } of shipped('COPY')) {
    const [source = '', target = ''] = args;
    const from = join(PROJECT, source.replace(/^\/app\//, ''));
    const to = join(app, target.endsWith('/') ? join(target, source) : target);
    mkdirSync(dirname(to), { recursive: true });
    if (source.endsWith('node_modules')) symlinkSync(from, to);
    else cpSync(from, to, { recursive: true });
  }
  if (MAY_CHANGE_USER) {
    chmodSync(folder, 0o755);
    chownSync(data, uid, gid);
  } else {
    // Who owns the files can at least not change them by mistake.
    spawnSync('chmod', ['-R', 'a-w', app]);
  }
  return { app, data };
}

export interface RunningImage {
  readonly url: string;
  /** Variables with which its health can be asked for. */
  readonly variables: Readonly<Record<string, string>>;
  /** Asks it to end in the image's way, and resolves with its exit code. */
  readonly stop: () => Promise<number | null>;
}

const started = new Set<ChildProcess>();
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
});

/** Starts what the image starts, as its user, with its environment and what is given. */
export async function runImage(
  { app, data }: { readonly app: string; readonly data: string },
  given: Readonly<Record<string, string>>,
): Promise<RunningImage> {
  const [command = '', ...args] = entrypoint();
  const variables = { ...imageEnvironment(), ...given };
  const { DATABASE_URL = '' } = variables;
  const child = spawn(command, args, {
    cwd: app,
    env: { ...variables, DATABASE_URL: DATABASE_URL.replace(/^sqlite:\/data\b/, `sqlite:${data}`) },
    stdio: ['ignore', 'pipe', 'inherit'],
    ...user,
  });
  started.add(child);
  const exited = once(child, 'exit');
  let printed = '';
  let admin: string | undefined;
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      printed += `${line}\n`;
      admin ??= /health and metrics are at (http:[^\s"]+)/.exec(line)?.[1];
      const ready = /ready at (http:[^\s"]+)/.exec(line)?.[1];
      if (ready !== undefined) resolve(ready);
    });
    child.once('exit', (code) => {
      reject(new Error(`it ended with ${String(code)} before it was ready:\n${printed}`));
    });
  });
  return {
    url: url.replace('0.0.0.0', '127.0.0.1'),
    variables: { ...variables, ADMIN_PORT: new URL(admin ?? '').port },
    async stop() {
      child.kill(shipped('STOPSIGNAL')[0]?.args[0] === 'SIGTERM' ? 'SIGTERM' : 'SIGKILL');
      await exited;
      return child.exitCode;
    },
  };
}

/** Runs the image's health check, and answers its exit code and what it says. */
export async function checkHealth(
  { app }: { readonly app: string },
  variables: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly said: string }> {
  const [check] = shipped('HEALTHCHECK');
  const [command = '', ...args] = check ? execForm(check) : [];
  const child = spawn(node(command), args, {
    cwd: app,
    env: variables,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...user,
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  await once(child, 'close');
  return { code: child.exitCode, said };
}

function entrypoint(): readonly string[] {
  const [step] = shipped('ENTRYPOINT');
  const [command = '', ...args] = step ? execForm(step) : [];
  return [node(command), ...args];
}

/** The image has a Node of its own; here it is the one that runs the tests. */
function node(command: string): string {
  expect(command).toBe('node');
  return process.execPath;
}
