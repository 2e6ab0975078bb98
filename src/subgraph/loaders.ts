import DataLoader from 'dataloader';

import type { Connection, ConnectionEvent } from '../proton/connection';
import type { ConnectionListRequest, ConnectionSelection } from '../proton/connection-list';
import type { Page } from '../proton/page';
import type { ConnectionReference, HistoryRequest, ProtonSession } from '../proton/proton-service';

/** One call on the session for all that a tick of execution asks for: an `_entities` of a thousand is one read. */
export interface Loaders {
  readonly connection: DataLoader<ConnectionReference, Connection | undefined, string>;
  readonly connectionPage: DataLoader<ConnectionListRequest, Page<Connection>>;
  readonly connectionCount: DataLoader<ConnectionSelection, number | null>;
  readonly history: DataLoader<HistoryRequest, Page<ConnectionEvent> | null>;
}

export function createLoaders(session: ProtonSession): Loaders {
  // Pages, counts and histories are batched but not remembered: two mutations in one document may each show the list they left.
  const forgetful = { cache: false } as const;
  return {
    connection: new DataLoader((references) => session.findConnections(references), {
      // Ids and ARNs share the loader, so that a connection asked for by both is read once; no id looks like an ARN.
      cacheKeyFn: (reference) => ('arn' in reference ? reference.arn : reference.id),
    }),
    connectionPage: new DataLoader((requests) => session.listConnections(requests), forgetful),
    connectionCount: new DataLoader((selections) => session.countConnections(selections), forgetful),
    history: new DataLoader((requests) => session.listHistory(requests), forgetful),
  };
}
