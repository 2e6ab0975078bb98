import type { ConnectionView, Tag } from '../../proton/connection';
import { asError } from '../../proton/failure';
import { connectionArn, type ConnectionId, type RoleArn } from '../../proton/identifiers';
import { maySee } from '../../proton/viewer';
import { repeatedPageToken } from '../error-mapping';
import { admit, type SessionScope } from '../session-scope';
import type { CallTarget } from '../transport/clients';

/** Reads the details that AWS's lists do not contain. They take at least one call for each connection. */

/** All tags of each connection; null if the connection no longer exists. */
export function readTags(
  scope: SessionScope,
  connections: readonly ConnectionView[],
): Promise<readonly (readonly Tag[] | null | Error)[]> {
  return readEach(scope, connections, async (connection, target) => {
    const arn = connectionArn(connection);
    const tags: Tag[] = [];
    let nextToken: string | undefined;
    do {
      const page = await scope.calls.listTags(target, arn, nextToken);
      if (!page) return null;
      tags.push(...page.items);
      if (page.nextToken !== undefined && page.nextToken === nextToken) throw repeatedPageToken();
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return tags;
  });
}

/** The CodeBuild role of each connection; null if no role is set or the connection no longer exists. */
export function readCodebuildRoles(
  scope: SessionScope,
  connections: readonly ConnectionView[],
): Promise<readonly (RoleArn | null | Error)[]> {
  return readEach(scope, connections, async ({ id, codebuildRoleArn }, target) => {
    if (codebuildRoleArn !== undefined) return codebuildRoleArn;
    const connection = await scope.calls.get(target, id);
    return (connection && admit(scope, target, connection)?.codebuildRoleArn) ?? null;
  });
}

/** Reads a detail once per connection, even if a connection appears several times. */
async function readEach<Detail>(
  scope: SessionScope,
  connections: readonly ConnectionView[],
  read: (connection: ConnectionView, target: CallTarget) => Promise<Detail | null>,
): Promise<readonly (Detail | null | Error)[]> {
  const reads = new Map<ConnectionId, Promise<Detail | null | Error>>();
  for (const connection of connections) {
    if (reads.has(connection.id)) continue;
    const target = targetToRead(scope, connection);
    reads.set(connection.id, target ? read(connection, target).catch(asError) : Promise.resolve(null));
  }
  return Promise.all(connections.map(({ id }) => reads.get(id) ?? Promise.resolve(null)));
}

/** The account and Region to read a connection from; undefined if the viewer may not see the connection. */
function targetToRead(
  { viewer, searchAccounts }: SessionScope,
  connection: ConnectionView,
): CallTarget | undefined {
  if (!maySee(viewer, connection)) return undefined;
  const { environmentAccountId, managementAccountId, region } = connection;
  const accountId = [environmentAccountId, managementAccountId].find((account) =>
    searchAccounts.has(account),
  );
  return accountId === undefined ? undefined : { accountId, region };
}
