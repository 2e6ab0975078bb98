import { ExitCode } from './exit-code';
import { codeOf, explainFileError } from './files';
import { run } from './run';

/** `npx proton-subgraph`: the process's edge, and nothing else. */
void main();

async function main(): Promise<void> {
  const { argv, env, stdin, stdout, stderr } = process;
  let lost: Error | undefined;
  stdout.on('error', (error: Error) => {
    if (!endsReading(error)) lost ??= error;
  });
  stderr.on('error', (error: Error) => {
    if (!endsReading(error)) process.exitCode = ExitCode.FAILED;
  });
  process.exitCode = await run(argv.slice(2), { env, stdin, stdout, stderr });
  await new Promise<void>((resolve) => {
    stdout.write('', () => {
      resolve();
    });
  });
  if (!lost) return;
  if (process.exitCode === ExitCode.DONE) {
    stderr.write(`Standard output can't be written: ${explainFileError(lost)}.\n`);
  }
  process.exitCode = ExitCode.FAILED;
}

/** Whoever reads along may stop at any time, as `head` does. That is no failure of ours. */
function endsReading(error: Error): boolean {
  return codeOf(error) === 'EPIPE';
}
