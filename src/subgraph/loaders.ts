import DataLoader from 'dataloader';

import type { ConnectionEvent, ConnectionView, Tag } from '../proton/connection';
import type { ConnectionListRequest, ConnectionSelection } from '../proton/connection-list';
import type { RoleArn } from '../proton/identifiers';
import type { Page } from '../proton/page';
import type { ConnectionReference } from '../proton/identifiers';
import type { HistoryRequest, ProtonSession } from '../proton/proton-service';

/** One call on the session for all that a tick of execution asks for: an `_entities` of a thousand is one read. */
export interface Loaders {
  readonly connection: Loader<ConnectionReference, ConnectionView | undefined>;
  readonly connectionPage: Loader<ConnectionListRequest, Page<ConnectionView>>;
  readonly tags: Loader<ConnectionView, readonly Tag[] | null>;
  readonly codebuildRole: Loader<ConnectionView, RoleArn | null>;
  readonly connectionCount: Loader<ConnectionSelection, number | null>;
  readonly history: Loader<HistoryRequest, Page<ConnectionEvent> | null>;
}

type Loader<Request, Answer> = Pick<DataLoader<Request, Answer, string>, 'load'>;

export function createLoaders(session: ProtonSession): Loaders {
  return {
    connection: new DataLoader((references) => session.findConnections(references), {
      // Callers choose both texts, so an id must not pass for an ARN.
      cacheKeyFn: (reference) => ('arn' in reference ? `arn ${reference.arn}` : `id ${reference.id}`),
    }),
    connectionPage: forgetful(
      (requests: readonly ConnectionListRequest[]) => session.listConnections(requests),
      (request) => JSON.stringify(request),
    ),
    tags: forgetful(
      (connections: readonly ConnectionView[]) => session.readTags(connections),
      ({ id }) => id,
    ),
    codebuildRole: forgetful(
      (connections: readonly ConnectionView[]) => session.readCodebuildRoles(connections),
      ({ id }) => id,
    ),
    connectionCount: forgetful(
      (selections: readonly ConnectionSelection[]) => session.countConnections(selections),
      (selection) => JSON.stringify(selection),
    ),
    history: forgetful(
      (requests: readonly HistoryRequest[]) => session.listHistory(requests),
      ({ connection, first, after }) => JSON.stringify([connection.id, first, after]),
    ),
  };
}

/**
 * A loader that asks once for what is asked for many times in one tick, and then forgets it: two mutations in one document may
 * each show the list that they left.
 */
function forgetful<Request, Answer>(
  read: (requests: readonly Request[]) => Promise<readonly (Answer | Error)[]>,
  keyOf: (request: Request) => string,
): Loader<Request, Answer> {
  const loader = new DataLoader<Request, Answer, string>(
    (requests) => {
      loader.clearAll();
      return read(requests);
    },
    { cacheKeyFn: keyOf },
  );
  return loader;
}
