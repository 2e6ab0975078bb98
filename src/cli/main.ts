import { run } from './run';

/** `npx proton-subgraph`: the process's edge, and nothing else. */
void main();

async function main(): Promise<void> {
  const { argv, env, stdin, stdout, stderr } = process;
  // Whoever reads along may stop at any time, as `head` does. That is no failure of ours.
  stdout.on('error', endOnBrokenPipe);
  stderr.on('error', endOnBrokenPipe);
  process.exitCode = await run(argv.slice(2), { env, stdin, stdout, stderr });
}

function endOnBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
