import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

import { PROJECT } from '../support/server-process';
import { execForm, imageEnvironment, shipped } from './dockerfile';

const [uid = 0, gid = 0] = (shipped('USER')[0]?.args[0] ?? '').split(':').map(Number);

/** Whether the tests can run processes as the image's user, and that user can read the project and run Node. */
const MAY_CHANGE_USER =
  process.getuid?.() === 0 &&
  spawnSync(process.execPath, ['-e', 'require("pino")'], { cwd: PROJECT, uid, gid }).status === 0;
const user = MAY_CHANGE_USER ? { uid, gid } : {};

/**
 * Copies the files of the Dockerfile's last stage from this built project. Only the empty data folder is writable.
 * @param folder an existing folder
 * @returns the working directory of the image, and the data folder
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
    // The same user owns the files, so at least prevent changes by mistake.
    spawnSync('chmod', ['-R', 'a-w', app]);
  }
  return { app, data };
}

export interface RunningImage {
  readonly url: string;
  /** The environment for its health check. */
  readonly variables: Readonly<Record<string, string>>;
  /** Sends the image's stop signal, and resolves with the exit code. */
  readonly stop: () => Promise<number | null>;
}

const started = new Set<ChildProcess>();
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
});

/** Runs the image's entry point as its user, with its environment and more variables. */
export async function runImage(
  { app, data }: { readonly app: string; readonly data: string },
  environment: Readonly<Record<string, string>>,
): Promise<RunningImage> {
  const [command = '', ...args] = entrypoint();
  const variables = { ...imageEnvironment(), ...environment };
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
      reject(new Error(`the server ended with ${String(code)} before it was ready:\n${printed}`));
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

/** Runs the image's health check. */
export async function checkHealth(
  { app }: { readonly app: string },
  variables: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const [check] = shipped('HEALTHCHECK');
  const [command = '', ...args] = check ? execForm(check) : [];
  const child = spawn(node(command), args, {
    cwd: app,
    env: variables,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...user,
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  await once(child, 'close');
  return { code: child.exitCode, stderr };
}

function entrypoint(): readonly string[] {
  const [step] = shipped('ENTRYPOINT');
  const [command = '', ...args] = step ? execForm(step) : [];
  return [node(command), ...args];
}

/** Replaces the image's Node with the one that runs the tests. */
function node(command: string): string {
  expect(command).toBe('node');
  return process.execPath;
}
