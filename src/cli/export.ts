import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { ExitCode } from './exit-code';
import { codeOf, explainFileError } from './files';
import { withStore } from './open-store';
import { CommandError, type Surroundings } from './command';
import { connectionsJson } from './connection-json';
import { writeInPlace } from './write-in-place';

/** `export`: writes all connections, as of one moment, a piece at a time. */
export function exportConnections(
  { output = '-' }: { readonly output?: string },
  { env, stdout }: Surroundings,
): Promise<ExitCode> {
  return withStore(env, 'must exist', async ({ exports }) => {
    const pieces = connectionsJson(exports.connections());
    if (output === '-') {
      await pipeline(Readable.from(pieces), stdout, { end: false }).catch(unlessReaderLeft);
      return ExitCode.DONE;
    }
    try {
      await writeInPlace(output, pieces);
    } catch (error) {
      if (!/^E[A-Z]+$/.test(codeOf(error) ?? '')) throw error;
      throw new CommandError(`${output} can't be written: ${explainFileError(error)}.`);
    }
    return ExitCode.DONE;
  });
}

/** Whoever reads along may have enough, as `head` has. */
function unlessReaderLeft(error: unknown): void {
  const code = codeOf(error) ?? '';
  if (['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'].includes(code)) return;
  if (!/^E[A-Z]+$/.test(code)) throw error;
  throw new CommandError(`Standard output can't be written: ${explainFileError(error)}.`);
}
