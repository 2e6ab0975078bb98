import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { StartError } from './start-error';

const PROJECT = join(__dirname, '..', '..');
const BUILT_SERVER = join(PROJECT, 'dist', 'main.js');

export interface ProtonProcess {
  readonly url: string;
  readonly pid: number;
  /** Resolves with a description of the exit when the process has ended. */
  readonly ended: Promise<string>;
  /** Shuts the process down, and resolves when it has ended. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts proton-subgraph as in production: the built server in its own process, configured by environment variables.
 * @param signal cancels the start
 * @throws StartError when the process ends before it is ready; its error is on standard error
 */
export async function startProtonProcess(signal: AbortSignal): Promise<ProtonProcess> {
  signal.throwIfAborted();
  if (!existsSync(BUILT_SERVER)) throw new StartError('proton-subgraph is not built. Run: npm run build');
  const child = spawn(process.execPath, [BUILT_SERVER], {
    // Uses the same data as `npm start`, whatever the working directory.
    cwd: PROJECT,
    // The URL is read from its log.
    env: { ...process.env, LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A separate process group does not receive the terminal's Ctrl-C. `stop` ends the process after the gateway.
    detached: true,
  });
  // Ends the child when this process exits, except by SIGKILL.
  const killChild = () => child.kill();
  process.once('exit', killChild);
  const ended = once(child, 'exit').then(([code, killedBy]) => {
    process.off('exit', killChild);
    return killedBy === null ? `ended with exit code ${String(code)}` : `was ended by ${String(killedBy)}`;
  });

  async function stop(): Promise<void> {
    child.kill();
    await ended;
  }

  const ready = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = /ready at (http:[^\s"]+)/.exec(line)?.[1];
      if (url === undefined) console.log(line);
      else resolve(url);
    });
  });
  const cancel = () => child.kill();
  signal.addEventListener('abort', cancel);
  const url = await Promise.race([ready, ended.then(() => undefined)]);
  signal.removeEventListener('abort', cancel);
  if (signal.aborted) {
    await stop();
    signal.throwIfAborted();
  }
  if (url === undefined || child.pid === undefined) {
    throw new StartError(`proton-subgraph ${await ended} before it was ready.`);
  }
  return { url, pid: child.pid, ended, stop };
}
