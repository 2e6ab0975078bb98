import { codeOf } from '../control-plane/sqlite/errors';
import { ExitCode } from './command';
import { explainFileError } from './files';
import { run } from './run';

/**
 * The entry point of `npx proton-subgraph`.
 * @param startServer starts the server in this process. The process then ends when the server ends.
 */
export async function main(startServer: () => void): Promise<void> {
  const { argv, env, stdin, stdout, stderr } = process;
  let outputError: Error | undefined;
  const requested = { server: false };
  const onStdoutError = (error: Error) => {
    if (!isClosedPipe(error)) outputError ??= error;
  };
  const onStderrError = (error: Error) => {
    if (!isClosedPipe(error)) process.exitCode = ExitCode.FAILED;
  };
  stdout.on('error', onStdoutError);
  stderr.on('error', onStderrError);
  const exitCode = await run(argv.slice(2), {
    env,
    stdin,
    stdout,
    stderr,
    startServer: () => {
      requested.server = true;
    },
  });
  if (requested.server) {
    // The server has exit codes and error handlers of its own.
    stdout.off('error', onStdoutError);
    stderr.off('error', onStderrError);
    startServer();
    return;
  }
  process.exitCode = exitCode;
  // Wait until all output has been written, because a write may still fail.
  await new Promise<void>((resolve) => {
    stdout.write('', () => {
      resolve();
    });
  });
  if (!outputError) return;
  if (process.exitCode === ExitCode.DONE) {
    stderr.write(`Standard output can't be written: ${explainFileError(outputError)}.\n`);
  }
  process.exitCode = ExitCode.FAILED;
}

/** The reader of a pipe may stop early, as `head` does. That is not an error. */
function isClosedPipe(error: Error): boolean {
  return codeOf(error) === 'EPIPE';
}
