import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { Command } from 'commander';

import type { ExportStore } from '../control-plane/store';
import { codeOf } from '../control-plane/sqlite/errors';
import type { Connection } from '../proton/connection';
import { connectionArn } from '../proton/identifiers';
import { CommandError, ExitCode, STORE_HELP, type CommandContext } from './command';
import { explainFileError, isFileSystemError, writeAtomically } from './files';
import { withStore } from './open-store';

export function addExport(program: Command, context: CommandContext, end: (code: ExitCode) => void): void {
  program
    .command('export')
    .description(
      'write all connections as JSON, as "aws proton list-environment-account-connections" prints them',
    )
    .option(
      '--output <file>',
      'write to a file, which is replaced only after everything is written; - is standard output',
    )
    .addHelpText(
      'after',
      `
A connection has its codebuildRoleArn and its tags in addition to what the aws CLI prints. The
newest request comes first. "proton-subgraph import" reads the output.

Examples:
  proton-subgraph export --output connections.json
  proton-subgraph export | jq '.environmentAccountConnections[].arn'
${STORE_HELP}
A server may be running on it.`,
    )
    .action(async (options: { readonly output?: string }) => {
      end(await exportConnections(options, context));
    });
}

/** `export`: writes all connections in one consistent snapshot, piece by piece. */
function exportConnections(
  { output = '-' }: { readonly output?: string },
  { env, stdout }: CommandContext,
): Promise<ExitCode> {
  return withStore(env, 'fail', async ({ exports }) => {
    const pieces = connectionsJson(exports.connections());
    if (output === '-') {
      await pipeline(Readable.from(pieces), stdout, { end: false }).catch(ignoreClosedPipe);
      return ExitCode.DONE;
    }
    try {
      await writeAtomically(output, pieces);
    } catch (error) {
      if (!isFileSystemError(error)) throw error;
      throw new CommandError(`${output} can't be written: ${explainFileError(error)}.`);
    }
    return ExitCode.DONE;
  });
}

/** The reader of a pipe may stop early, as `head` does. @throws any other error */
function ignoreClosedPipe(error: unknown): void {
  const code = codeOf(error);
  if (['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'].includes(code)) return;
  if (!isFileSystemError(error)) throw error;
  throw new CommandError(`Standard output can't be written: ${explainFileError(error)}.`);
}

const PIECE_CHARACTERS = 65_536;

/** One JSON document with one connection per line, in pieces of at least `PIECE_CHARACTERS`. */
async function* connectionsJson(connections: ReturnType<ExportStore['connections']>): AsyncGenerator<string> {
  let piece = '{"environmentAccountConnections":[';
  let separator = '\n';
  for await (const connection of connections) {
    piece += separator + connectionJson(connection);
    separator = ',\n';
    if (piece.length >= PIECE_CHARACTERS) {
      yield piece;
      piece = '';
    }
  }
  yield `${piece}\n]}\n`;
}

/** A connection as the aws CLI prints it in a list, with its CodeBuild role and its tags. Missing roles are left out. */
function connectionJson(connection: Connection): string {
  const { roleArn, componentRoleArn, codebuildRoleArn, tags } = connection;
  return JSON.stringify({
    id: connection.id,
    arn: connectionArn(connection),
    managementAccountId: connection.managementAccountId,
    environmentAccountId: connection.environmentAccountId,
    environmentName: connection.environmentName,
    ...(roleArn !== null && { roleArn }),
    ...(componentRoleArn !== null && { componentRoleArn }),
    ...(codebuildRoleArn !== null && { codebuildRoleArn }),
    status: connection.status,
    requestedAt: new Date(connection.requestedAt).toISOString(),
    lastModifiedAt: new Date(connection.lastModifiedAt).toISOString(),
    ...(tags.length > 0 && { tags: tags.map(({ key, value }) => ({ key, value })) }),
  });
}
