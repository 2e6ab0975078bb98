import DataLoader from 'dataloader';

import type { ConnectionEvent, ConnectionView, Tag } from '../proton/connection';
import type { ConnectionListRequest, ConnectionSelection } from '../proton/connection-list';
import type { RoleArn } from '../proton/identifiers';
import type { Page } from '../proton/page';
import type { ConnectionReference } from '../proton/identifiers';
import type { HistoryRequest, ProtonSession } from '../proton/proton-service';

/** Batches the loads of one tick into one call on the session: an `_entities` query with a thousand representations is one read. */
export interface Loaders {
  readonly connection: Loader<ConnectionReference, ConnectionView | undefined>;
  readonly connectionPage: Loader<ConnectionListRequest, Page<ConnectionView>>;
  readonly tags: Loader<ConnectionView, readonly Tag[] | null>;
  readonly codebuildRole: Loader<ConnectionView, RoleArn | null>;
  readonly connectionCount: Loader<ConnectionSelection, number | null>;
  readonly history: Loader<HistoryRequest, Page<ConnectionEvent> | null>;
}

type Loader<Request, Result> = Pick<DataLoader<Request, Result, string>, 'load'>;

export function createLoaders(session: ProtonSession): Loaders {
  return {
    connection: new DataLoader((references) => session.findConnections(references), {
      // Clients choose both texts, so the prefix keeps an id from matching a cached ARN.
      cacheKeyFn: (reference) => ('arn' in reference ? `arn ${reference.arn}` : `id ${reference.id}`),
    }),
    connectionPage: createUncachedLoader(
      (requests: readonly ConnectionListRequest[]) => session.listConnections(requests),
      (request) => JSON.stringify(request),
    ),
    tags: createUncachedLoader(
      (connections: readonly ConnectionView[]) => session.readTags(connections),
      ({ id }) => id,
    ),
    codebuildRole: createUncachedLoader(
      (connections: readonly ConnectionView[]) => session.readCodebuildRoles(connections),
      ({ id }) => id,
    ),
    connectionCount: createUncachedLoader(
      (selections: readonly ConnectionSelection[]) => session.countConnections(selections),
      (selection) => JSON.stringify(selection),
    ),
    history: createUncachedLoader(
      (requests: readonly HistoryRequest[]) => session.listHistory(requests),
      ({ connection, first, after }) => JSON.stringify([connection.id, first, after]),
    ),
  };
}

/**
 * Creates a loader that deduplicates the requests of one tick and caches nothing after it: each mutation of a document may select the
 * list, and must get its current state.
 */
function createUncachedLoader<Request, Result>(
  read: (requests: readonly Request[]) => Promise<readonly (Result | Error)[]>,
  keyOf: (request: Request) => string,
): Loader<Request, Result> {
  const loader = new DataLoader<Request, Result, string>(
    (requests) => {
      loader.clearAll();
      return read(requests);
    },
    { cacheKeyFn: keyOf },
  );
  return loader;
}
