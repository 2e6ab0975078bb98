import { spawnSync } from 'node:child_process';

import { PROJECT } from './server-process';

/**
 * Runs shell commands in the project's folder, and returns their output.
 * @throws Error with the output when a command fails
 */
export function shell(commands: string, variables: Readonly<Record<string, string>> = {}): string {
  const { PATH, HOME } = process.env;
  const { status, stdout, stderr } = spawnSync('sh', ['-euc', commands], {
    cwd: PROJECT,
    env: { PATH, HOME, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${commands}\nended with ${String(status)}:\n${stdout}${stderr}`);
  return stdout;
}

/** The output of a command's `--version`; empty if there is no such command. */
export function versionOf(command: string): string {
  const { error, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return error ? '' : stdout;
}
