import { CommanderError } from 'commander';

import { ConfigError } from '../config/config';
import { AccessKeyError } from '../control-plane/access-keys/access-keys';
import { StoreOpenError } from '../control-plane/sqlite/file/open-database';
import { ProtonFailure } from '../proton/failure';
import { type CommandContext, CommandError, ExitCode, UsageError } from './command';
import { createProgram } from './program';

/**
 * Runs one command to its end, and tells on standard error what went wrong.
 * @param words what was typed after `proton-subgraph`
 */
export async function run(words: readonly string[], context: CommandContext): Promise<ExitCode> {
  const { stderr } = context;
  let code: ExitCode = ExitCode.DONE;
  const program = createProgram(context, (told) => {
    code = told;
  });
  try {
    await program.parseAsync(words, { from: 'user' });
    return code;
  } catch (error) {
    // It has said by itself what it did not understand; help that was asked for ends with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.DONE : ExitCode.USAGE;
    stderr.write(`${explain(error)}\n`);
    return error instanceof UsageError ? ExitCode.USAGE : ExitCode.FAILED;
  }
}

/** A mistake that its reader can mend is told in words; what nobody foresaw keeps its stack. */
function explain(error: unknown): string {
  const foreseen =
    error instanceof CommandError ||
    error instanceof ConfigError ||
    error instanceof StoreOpenError ||
    error instanceof AccessKeyError ||
    error instanceof ProtonFailure;
  if (foreseen) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
