import { ConnectionStatus, type AccountRole, type EpochMilliseconds } from './connection';
import { isConnectionId, type AccountId, type ConnectionId } from './identifiers';
import { cursorCodec, type CursorCodec, type PageRequest } from './page';

/** Narrows a list. A member that is left out or null does not narrow; a value that no connection can have matches none. */
export interface ConnectionFilter {
  readonly managementAccountId?: string | null | undefined;
  readonly environmentAccountId?: string | null | undefined;
  readonly environmentName?: string | null | undefined;
  readonly region?: string | null | undefined;
  /** Empty counts as left out. */
  readonly statuses?: readonly ConnectionStatus[] | null | undefined;
}

/** The connections that one account takes part in. */
export interface Participation {
  readonly accountId: AccountId;
  /** Null for both roles. */
  readonly role: AccountRole | null;
}

/** Which connections are meant: all that the viewer may see, or those of one account, narrowed by a filter. */
export interface ConnectionSelection {
  readonly participation?: Participation | undefined;
  readonly filter?: ConnectionFilter | null | undefined;
}

export interface ConnectionListRequest extends ConnectionSelection, PageRequest {}

/** A selection in its one canonical form: equal selections are deeply equal, whatever way they were written. */
export interface NormalSelection {
  readonly participation: Participation | null;
  readonly managementAccountId: string | null;
  readonly environmentAccountId: string | null;
  readonly environmentName: string | null;
  readonly region: string | null;
  /** Sorted, without duplicates; null for any status. */
  readonly statuses: readonly ConnectionStatus[] | null;
}

/** Brings a selection into its canonical form. */
export function normalSelection({ participation, filter }: ConnectionSelection): NormalSelection {
  const statuses = Object.values(ConnectionStatus).filter((status) => filter?.statuses?.includes(status));
  return {
    participation: participation ? { accountId: participation.accountId, role: participation.role } : null,
    managementAccountId: filter?.managementAccountId ?? null,
    environmentAccountId: filter?.environmentAccountId ?? null,
    environmentName: filter?.environmentName ?? null,
    region: filter?.region ?? null,
    statuses: statuses.length === 0 ? null : statuses,
  };
}

/** A place in a list of connections, which runs from the newest request to the oldest; ids break ties, the greatest first. */
export interface ConnectionPosition {
  readonly requestedAt: EpochMilliseconds;
  readonly id: ConnectionId;
}

/** The cursors of a list, which are of no other selection. */
export function connectionCursors(selection: NormalSelection): CursorCodec<ConnectionPosition> {
  return cursorCodec<ConnectionPosition>(selection, {
    toFields: ({ requestedAt, id }) => [String(requestedAt), id],
    fromFields: ([requestedAt, id = '']) =>
      Number.isSafeInteger(Number(requestedAt)) && isConnectionId(id)
        ? { requestedAt: Number(requestedAt), id }
        : undefined,
  });
}
