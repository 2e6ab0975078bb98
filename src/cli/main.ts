import { ExitCode } from './command';
import { codeOf, explainFileError } from './files';
import { run } from './run';

/**
 * `npx proton-subgraph`: the process's edge, and nothing else.
 * @param startServer starts the server in this process, which then ends as the server does
 */
export async function main(startServer: () => void): Promise<void> {
  const { argv, env, stdin, stdout, stderr } = process;
  let lost: Error | undefined;
  const requested = { server: false };
  const onStdoutError = (error: Error) => {
    if (!endsReading(error)) lost ??= error;
  };
  const onStderrError = (error: Error) => {
    if (!endsReading(error)) process.exitCode = ExitCode.FAILED;
  };
  stdout.on('error', onStdoutError);
  stderr.on('error', onStderrError);
  const code = await run(argv.slice(2), {
    env,
    stdin,
    stdout,
    stderr,
    startServer: () => {
      requested.server = true;
    },
  });
  if (requested.server) {
    // From here on the process belongs to the server, with its exit codes and its treatment of output that fails.
    stdout.off('error', onStdoutError);
    stderr.off('error', onStderrError);
    startServer();
    return;
  }
  process.exitCode = code;
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
