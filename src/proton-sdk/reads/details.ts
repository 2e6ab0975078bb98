import type { ConnectionView, Tag } from '../../proton/connection';
import { connectionArn, type ConnectionId, type RoleArn } from '../../proton/identifiers';
import { maySee } from '../../proton/viewer';
import type { Place } from '../transport/clients';
import { goesOnAtTheSamePlace } from '../error-mapping';
import { takeIn, type Work } from '../session-scope';

/** What AWS's answers do not carry, asked for by itself: a call for each connection, each once, as many at a time as may be. */

/** All tags of connections, at their places; null for one that is gone. */
export function readTags(
  work: Work,
  connections: readonly ConnectionView[],
): Promise<readonly (readonly Tag[] | null | Error)[]> {
  return each(work, connections, async (connection, place) => {
    const arn = connectionArn(connection);
    const tags: Tag[] = [];
    let nextToken: string | undefined;
    do {
      const answer = await work.calls.listTags(place, arn, nextToken);
      if (!answer) return null;
      tags.push(...answer.items);
      if (answer.nextToken !== undefined && answer.nextToken === nextToken) throw goesOnAtTheSamePlace();
      nextToken = answer.nextToken;
    } while (nextToken !== undefined);
    return tags;
  });
}

/** The roles for CodeBuild of connections, at their places; null where there is none, or no connection any more. */
export function readCodebuildRoles(
  work: Work,
  connections: readonly ConnectionView[],
): Promise<readonly (RoleArn | null | Error)[]> {
  return each(work, connections, async ({ id, codebuildRoleArn }, place) => {
    if (codebuildRoleArn !== undefined) return codebuildRoleArn;
    const connection = await work.calls.get(place, id);
    return (connection && takeIn(work, place, connection)?.codebuildRoleArn) ?? null;
  });
}

async function each<Detail>(
  work: Work,
  connections: readonly ConnectionView[],
  read: (connection: ConnectionView, place: Place) => Promise<Detail | null>,
): Promise<readonly (Detail | null | Error)[]> {
  const reads = new Map<ConnectionId, Promise<Detail | null | Error>>();
  for (const connection of connections) {
    if (reads.has(connection.id)) continue;
    const place = placeOf(work, connection);
    reads.set(connection.id, place ? read(connection, place).catch(asError) : Promise.resolve(null));
  }
  return Promise.all(connections.map(({ id }) => reads.get(id) ?? Promise.resolve(null)));
}

/** As whom a connection is asked about; undefined where the viewer may not see it. */
function placeOf({ viewer, askable }: Work, connection: ConnectionView): Place | undefined {
  if (!maySee(viewer, connection)) return undefined;
  const { environmentAccountId, managementAccountId, region } = connection;
  const accountId = [environmentAccountId, managementAccountId].find((account) => askable.has(account));
  return accountId === undefined ? undefined : { accountId, region };
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
