import type { Connection } from '../proton/connection';
import { connectionArn } from '../proton/identifiers';

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
