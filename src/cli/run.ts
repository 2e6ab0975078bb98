import { CommanderError } from 'commander';

import { ConfigError } from '../config/config';
import { AccessKeyError } from '../control-plane/access-keys/access-keys';
import { CopyRefused } from '../control-plane/copy/tables';
import { StoreOpenError } from '../control-plane/store-errors';
import { ProtonFailure } from '../proton/failure';
import { CommandError, ExitCode, UsageError, type CommandContext } from './command';
import { createProgram } from './program';

/**
 * Runs one command and prints its error to standard error.
 * @param words the command line after `proton-subgraph`
 */
export async function run(words: readonly string[], context: CommandContext): Promise<ExitCode> {
  const { stderr } = context;
  let exitCode: ExitCode = ExitCode.DONE;
  const program = createProgram(context, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has already printed the message. Its exit code is 0 after --help.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.DONE : ExitCode.USAGE;
    stderr.write(`${explain(error)}\n`);
    return error instanceof UsageError ? ExitCode.USAGE : ExitCode.FAILED;
  }
}

/** The message of an expected error; the stack trace of any other. */
function explain(error: unknown): string {
  const isExpected =
    error instanceof CommandError ||
    error instanceof ConfigError ||
    error instanceof StoreOpenError ||
    error instanceof CopyRefused ||
    error instanceof AccessKeyError ||
    error instanceof ProtonFailure;
  if (isExpected) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
