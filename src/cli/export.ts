import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { Command } from 'commander';

import type { Connection } from '../proton/connection';
import { connectionArn } from '../proton/identifiers';
import { CommandError, ExitCode, STORE_HELP, type CommandContext } from './command';
import { codeOf, explainFileError, writeInPlace } from './files';
import { withStore } from './open-store';

export function addExport(program: Command, context: CommandContext, end: (code: ExitCode) => void): void {
  program
    .command('export')
    .description(
      'write all connections as JSON, as "aws proton list-environment-account-connections" prints them',
    )
    .option(
      '--output <file>',
      'write to a file, which is replaced once everything is written; - is standard output',
    )
    .addHelpText(
      'after',
      `
Beside what the aws CLI prints, a connection has its codebuildRoleArn and its tags. The newest
request comes first. "proton-subgraph import" takes it back.

Examples:
  proton-subgraph export --output connections.json
  proton-subgraph export | jq '.environmentAccountConnections[].arn'
${STORE_HELP}`,
    )
    .action(async (options: { readonly output?: string }) => {
      end(await exportConnections(options, context));
    });
}

/** `export`: writes all connections, as of one moment, a piece at a time. */
export function exportConnections(
  { output = '-' }: { readonly output?: string },
  { env, stdout }: CommandContext,
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

/** A connection as AWS prints one in a list, with its CodeBuild role and its tags. What it has not is left out. */
export function connectionJson(connection: Connection): string {
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

/** One JSON document of all connections, in pieces of at least so many characters; a connection is a line. */
export function* connectionsJson(connections: Iterable<Connection>, pieceLength = 65_536): Generator<string> {
  let piece = '{"environmentAccountConnections":[';
  let separator = '\n';
  for (const connection of connections) {
    piece += separator + connectionJson(connection);
    separator = ',\n';
    if (piece.length >= pieceLength) {
      yield piece;
      piece = '';
    }
  }
  yield `${piece}\n]}\n`;
}
