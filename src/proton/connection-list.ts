import { ConnectionStatus, type AccountRole, type EpochMilliseconds } from './connection';
import { isConnectionId, type AccountId, type ConnectionId } from './identifiers';
import { cursorCodec, type CursorCodec, type PageRequest } from './page';

/** Filters a list. A member that is null or left out does not filter; a value that no connection can have matches nothing. */
export interface ConnectionFilter {
  readonly managementAccountId?: string | null | undefined;
  readonly environmentAccountId?: string | null | undefined;
  readonly environmentName?: string | null | undefined;
  readonly region?: string | null | undefined;
  /** An empty list does not filter. */
  readonly statuses?: readonly ConnectionStatus[] | null | undefined;
}

/** The connections of one account, in one role or in both. */
export interface Participation {
  readonly accountId: AccountId;
  /** Null means both roles. */
  readonly role: AccountRole | null;
}

/** Selects connections: all that the viewer may see, or those of one account; then the filter applies. */
export interface ConnectionSelection {
  readonly participation?: Participation | undefined;
  readonly filter?: ConnectionFilter | null | undefined;
}

export interface ConnectionListRequest extends ConnectionSelection, PageRequest {}

/** A selection in canonical form: two selections that mean the same are deeply equal. */
export interface NormalizedSelection {
  readonly participation: Participation | null;
  readonly managementAccountId: string | null;
  readonly environmentAccountId: string | null;
  readonly environmentName: string | null;
  readonly region: string | null;
  /** In the order of `ConnectionStatus`, without duplicates; null means any status. */
  readonly statuses: readonly ConnectionStatus[] | null;
}

/** Returns the canonical form of a selection. */
export function normalizeSelection({ participation, filter }: ConnectionSelection): NormalizedSelection {
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

/** A position in a list of connections. Lists run from the newest request to the oldest, then from the greatest id to the smallest. */
export interface ConnectionPosition {
  readonly requestedAt: EpochMilliseconds;
  readonly id: ConnectionId;
}

/** Writes and reads the cursors of one selection's list. They are invalid in the list of any other selection. */
export function connectionCursors(selection: NormalizedSelection): CursorCodec<ConnectionPosition> {
  return cursorCodec<ConnectionPosition>(selection, {
    toFields: ({ requestedAt, id }) => [String(requestedAt), id],
    fromFields: ([requestedAt, id = '']) =>
      Number.isSafeInteger(Number(requestedAt)) && isConnectionId(id)
        ? { requestedAt: Number(requestedAt), id }
        : undefined,
  });
}
