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
  /** Resolves when the process has ended, with how it ended. */
  readonly ended: Promise<string>;
  /** Resolves when the process has finished what it was doing and is gone. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts proton-subgraph as it is deployed: the built server, in a process of its own, configured by the environment.
 * @param signal gives up the start when it is aborted
 * @throws StartError when it ends before it is ready; it has then said on standard error why
 */
export async function startProtonProcess(signal: AbortSignal): Promise<ProtonProcess> {
  signal.throwIfAborted();
  if (!existsSync(BUILT_SERVER)) throw new StartError('proton-subgraph is not built. Run: npm run build');
  const child = spawn(process.execPath, [BUILT_SERVER], {
    // Its data lies where `npm start` puts it, wherever this was called from.
    cwd: PROJECT,
    // Where it listens is read from its log.
    env: { ...process.env, LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'inherit'],
    // In a process group of its own a terminal's Ctrl-C does not reach it: it is stopped once, by us, when nothing asks it any more.
    detached: true,
  });
  // However this process ends, unless it is killed outright, the other does not outlive it.
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
  const giveUp = () => child.kill();
  signal.addEventListener('abort', giveUp);
  const url = await Promise.race([ready, ended.then(() => undefined)]);
  signal.removeEventListener('abort', giveUp);
  if (signal.aborted) {
    await stop();
    signal.throwIfAborted();
  }
  if (url === undefined || child.pid === undefined) {
    throw new StartError(`proton-subgraph ${await ended} before it was ready.`);
  }
  return { url, pid: child.pid, ended, stop };
}
