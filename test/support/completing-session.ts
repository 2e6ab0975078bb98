import type { Connection, ConnectionView } from '../../src/proton/connection';
import type { ProtonSession } from '../../src/proton/proton-service';

/**
 * A session whose connections have everything: what an adapter leaves out is asked for by itself, as GraphQL does when it is
 * selected. Tags come in the order of their keys, for AWS lists them so.
 */
export function completing(session: ProtonSession): ProtonSession<Connection> {
  async function whole(connection: ConnectionView): Promise<Connection> {
    const [tags] = connection.tags ? [connection.tags] : await session.readTags([connection]);
    const [codebuildRoleArn] =
      connection.codebuildRoleArn === undefined
        ? await session.readCodebuildRoles([connection])
        : [connection.codebuildRoleArn];
    if (!tags || tags instanceof Error) throw tags ?? new Error('a connection without tags');
    if (codebuildRoleArn === undefined || codebuildRoleArn instanceof Error)
      throw codebuildRoleArn ?? new Error('no answer about a role');
    return { ...connection, tags: tags.toSorted((a, b) => (a.key < b.key ? -1 : 1)), codebuildRoleArn };
  }

  return {
    readTags: (connections) => session.readTags(connections),
    readCodebuildRoles: (connections) => session.readCodebuildRoles(connections),
    countConnections: (selections) => session.countConnections(selections),
    listHistory: (requests) => session.listHistory(requests),
    findConnections: async (references) =>
      Promise.all(
        (await session.findConnections(references)).map(async (found) =>
          found instanceof Error ? found : found && whole(found),
        ),
      ),
    listConnections: async (requests) =>
      Promise.all(
        (await session.listConnections(requests)).map(async (page) =>
          page instanceof Error ? page : { ...page, items: await Promise.all(page.items.map(whole)) },
        ),
      ),
    createConnection: async (input) => whole(await session.createConnection(input)),
    updateConnection: async (input) => whole(await session.updateConnection(input)),
    acceptConnection: async (input) => whole(await session.acceptConnection(input)),
    rejectConnection: async (input) => whole(await session.rejectConnection(input)),
    async deleteConnection(input) {
      // What is gone has no tags that could be read.
      const [before] = await session.findConnections([input]);
      const seen = before instanceof Error ? undefined : before;
      const tags = seen && (await whole(seen).catch(() => undefined))?.tags;
      const deleted = await session.deleteConnection(input);
      return deleted && whole({ ...deleted, ...(deleted.tags ? {} : { tags: tags ?? [] }) });
    },
    tagConnection: async (input) => whole(await session.tagConnection(input)),
    untagConnection: async (input) => whole(await session.untagConnection(input)),
  };
}
