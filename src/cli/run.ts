import { CommanderError } from 'commander';

import { ConfigError } from '../config/config';
import { AccessKeyError } from '../control-plane/access-keys/access-keys';
import { StoreOpenError } from '../control-plane/sqlite/errors';
import { ProtonFailure } from '../proton/failure';
import { ExitCode } from './exit-code';
import { createProgram } from './program';
import { CommandError, UsageError, type Surroundings } from './command';

/**
 * Runs one command to its end, and tells on standard error what went wrong.
 * @param words what was typed after `proton-subgraph`
 */
export async function run(words: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const { stderr } = surroundings;
  let code: ExitCode = ExitCode.DONE;
  const program = createProgram(surroundings, (told) => {
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
