import { StoredConnection, type Connection, type ConnectionView } from '../../src/proton/connection';
import type { ProtonSession } from '../../src/proton/proton-service';

/** A copy to compare with `toEqual`, which compares own members: the tags of a `StoredConnection` are a getter. */
export function plainConnection(connection: ConnectionView): ConnectionView {
  if (!(connection instanceof StoredConnection)) return connection;
  const { id, region, status, environmentName, managementAccountId, environmentAccountId } = connection;
  const { roleArn, componentRoleArn, codebuildRoleArn, requestedAt, lastModifiedAt, tags } = connection;
  return {
    ...{ id, region, status, environmentName, managementAccountId, environmentAccountId },
    ...{ roleArn, componentRoleArn, codebuildRoleArn, requestedAt, lastModifiedAt, tags },
  };
}

/**
 * Wraps a session so that its connections are complete: members that the adapter leaves out are read separately, as the resolvers
 * do. Tags are sorted by key, as AWS returns them.
 */
export function completing(session: ProtonSession): ProtonSession<Connection> {
  async function complete(connection: ConnectionView): Promise<Connection> {
    const [tags] = connection.tags ? [connection.tags] : await session.readTags([connection]);
    const [codebuildRoleArn] =
      connection.codebuildRoleArn === undefined
        ? await session.readCodebuildRoles([connection])
        : [connection.codebuildRoleArn];
    if (!tags || tags instanceof Error) throw tags ?? new Error('a connection without tags');
    if (codebuildRoleArn === undefined || codebuildRoleArn instanceof Error)
      throw codebuildRoleArn ?? new Error('a connection without a CodeBuild role');
    return {
      ...plainConnection(connection),
      tags: tags.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
      codebuildRoleArn,
    };
  }

  return {
    readTags: (connections) => session.readTags(connections),
    readCodebuildRoles: (connections) => session.readCodebuildRoles(connections),
    countConnections: (selections) => session.countConnections(selections),
    listHistory: (requests) => session.listHistory(requests),
    readActions: (connections) => session.readActions(connections),
    readOverview: (request) => session.readOverview(request),
    listAccounts: (request) => session.listAccounts(request),
    listLongestPending: async (requests) =>
      Promise.all(
        (await session.listLongestPending(requests)).map(async (listed) =>
          listed instanceof Error ? listed : listed && Promise.all(listed.map(complete)),
        ),
      ),
    findConnections: async (references) =>
      Promise.all(
        (await session.findConnections(references)).map(async (found) =>
          found instanceof Error ? found : found && complete(found),
        ),
      ),
    listConnections: async (requests) =>
      Promise.all(
        (await session.listConnections(requests)).map(async (page) =>
          page instanceof Error ? page : { ...page, items: await Promise.all(page.items.map(complete)) },
        ),
      ),
    createConnection: async (input) => complete(await session.createConnection(input)),
    updateConnection: async (input) => complete(await session.updateConnection(input)),
    acceptConnection: async (input) => complete(await session.acceptConnection(input)),
    rejectConnection: async (input) => complete(await session.rejectConnection(input)),
    async deleteConnection(input) {
      // The tags can't be read after the deletion.
      const [before] = await session.findConnections([input]);
      const existing = before instanceof Error ? undefined : before;
      const tags = existing && (await complete(existing).catch(() => undefined))?.tags;
      const deleted = await session.deleteConnection(input);
      return deleted && complete({ ...deleted, ...(deleted.tags ? {} : { tags: tags ?? [] }) });
    },
    tagConnection: async (input) => complete(await session.tagConnection(input)),
    untagConnection: async (input) => complete(await session.untagConnection(input)),
  };
}
