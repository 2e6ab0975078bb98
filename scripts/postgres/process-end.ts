import { spawn } from 'node:child_process';

/**
 * Runs a shell command when this process has ended in whatever way, SIGKILL included.
 * @param command has the other arguments as $1, $2 and so on
 */
export function runWhenThisProcessEnds(
  command: string,
  ...args: readonly string[]
): { readonly cancel: () => void } {
  // The pipe to its standard input closes with this process. Ctrl-C in a terminal must not end it.
  const child = spawn('sh', ['-c', `read -r _; ${command}`, 'sh', ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.unref();
  // A pipe is a socket of Node.
  (child.stdin as unknown as { unref: () => void }).unref();
  return {
    cancel() {
      child.kill('SIGKILL');
    },
  };
}
