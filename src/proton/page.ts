import { createHash } from 'node:crypto';

import {
  type AccountRole,
  ConnectionStatus,
  type ConnectionView,
  type EpochMilliseconds,
  type Tag,
} from './connection';
import { ProtonFailure } from './failure';
import { type AccountId, type ConnectionId, isConnectionId } from './identifiers';

export const DEFAULT_PAGE_SIZE = 20;
export const MAX_PAGE_SIZE = 100;

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly hasNextPage: boolean;
  /** True if and only if the request had a cursor. */
  readonly hasPreviousPage: boolean;
  /** The cursor of the item at this index. A page that is requested `after` it starts with the next item. */
  readonly cursorAt: (index: number) => string;
}

/** Which page of a list is requested. */
export interface PageRequest {
  /** The page size, 1 to 100; null or left out means 20. */
  readonly first?: number | null | undefined;
  /** A cursor from the same list with the same filter; null or left out means the first page. */
  readonly after?: string | null | undefined;
}

/**
 * Writes and reads the cursors of one list. A cursor is a digest of the list and its filter, then the position, in base64 with the
 * standard alphabet, the only one that Proton's `nextToken` allows. The digest makes cursors of other lists invalid.
 */
export interface CursorCodec<Position> {
  readonly write: (position: Position) => string;
  readonly read: (cursor: string) => Position | undefined;
}

/**
 * @param list identifies the list and its filter; equal lists must have equal JSON
 * @param position converts a position to fields without spaces, and back; undefined for fields that are not a position
 */
export function cursorCodec<Position>(
  list: unknown,
  position: {
    readonly toFields: (position: Position) => readonly string[];
    readonly fromFields: (fields: readonly string[]) => Position | undefined;
  },
): CursorCodec<Position> {
  // Computed on first use, because most pages are read without a cursor.
  let cachedDigest: string | undefined;
  const digest = () =>
    (cachedDigest ??= createHash('sha256').update(JSON.stringify(list)).digest('hex').slice(0, 16));
  const write = (at: Position) =>
    Buffer.from([digest(), ...position.toFields(at)].join(' ')).toString('base64');
  return {
    write,
    read(cursor) {
      const [written, ...fields] = Buffer.from(cursor, 'base64').toString().split(' ');
      if (written !== digest()) return undefined;
      const at = position.fromFields(fields);
      // Node's decoder skips invalid base64, so accept only exactly what `write` would have written.
      return at !== undefined && write(at) === cursor ? at : undefined;
    },
  };
}

/**
 * Validates a page request and fills in the default size.
 * @throws ProtonFailure `VALIDATION_ERROR` for a size outside 1 to 100, or a cursor of another list or filter
 */
export function parsePageRequest<Position>(
  { first, after }: PageRequest,
  cursors: CursorCodec<Position>,
): { readonly size: number; readonly after: Position | undefined } {
  const size = parsePageSize(first);
  if (after === null || after === undefined) return { size, after: undefined };
  const position = cursors.read(after);
  if (position === undefined) throw invalidCursor();
  return { size, after: position };
}

/** @throws ProtonFailure `VALIDATION_ERROR` for a size outside 1 to 100 */
export function parsePageSize(first: PageRequest['first'], defaultSize = DEFAULT_PAGE_SIZE): number {
  const size = first ?? defaultSize;
  if (!Number.isInteger(size) || size < 1 || size > MAX_PAGE_SIZE) {
    throw ProtonFailure.invalid([{ path: ['first'], message: `must be 1 to ${String(MAX_PAGE_SIZE)}` }]);
  }
  return size;
}

/** The failure for a cursor that does not belong to the requested list and filter. */
export function invalidCursor(): ProtonFailure {
  return ProtonFailure.invalid([
    { path: ['after'], message: 'must be a cursor of this list, with the same filter' },
  ]);
}

/** @param read the items of the page; one more than `request.size` if there is a next page */
export function pageOf<Item extends Position, Position>(
  read: readonly Item[],
  request: { readonly size: number; readonly after: Position | undefined },
  cursors: CursorCodec<Position>,
): Page<Item> {
  const items = read.length > request.size ? read.slice(0, request.size) : read;
  return {
    items,
    hasNextPage: read.length > request.size,
    hasPreviousPage: request.after !== undefined,
    cursorAt(index) {
      const item = items[index];
      if (item === undefined)
        throw new RangeError(`a page of ${String(items.length)} has no item ${String(index)}`);
      return cursors.write(item);
    },
  };
}

/** Filters a list. A member that is null or left out does not filter; a value that no connection can have matches nothing. */
export interface ConnectionFilter {
  readonly managementAccountId?: string | null | undefined;
  readonly environmentAccountId?: string | null | undefined;
  readonly environmentName?: string | null | undefined;
  readonly region?: string | null | undefined;
  /** An empty list does not filter. */
  readonly statuses?: readonly ConnectionStatus[] | null | undefined;
  /** The beginning of the environment's name, as it is: no character has a meaning of its own. An empty one does not filter. */
  readonly environmentNamePrefix?: string | null | undefined;
  /** All of these tags must be there. An empty list does not filter. */
  readonly tags?: readonly TagFilter[] | null | undefined;
}

/** A tag that a connection must have. Without a value, any value will do. */
export interface TagFilter {
  readonly key: string;
  readonly value?: string | null | undefined;
}

/** The connections of one account, in one role or in both. */
interface Participation {
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
  /**
   * Undefined means any name. Not null, here and in `tags`: cursors are bound to the selection's JSON, and those that were written
   * before these two filters existed stay valid.
   */
  readonly environmentNamePrefix?: string | undefined;
  /** Sorted, without duplicates; undefined means any tags. */
  readonly tags?: readonly NormalizedTagFilter[] | undefined;
}

export interface NormalizedTagFilter {
  readonly key: string;
  /** Null means any value. */
  readonly value: string | null;
}

/** Returns the canonical form of a selection. */
export function normalizeSelection({ participation, filter }: ConnectionSelection): NormalizedSelection {
  const statuses = Object.values(ConnectionStatus).filter((status) => filter?.statuses?.includes(status));
  const prefix = filter?.environmentNamePrefix ?? '';
  return {
    participation: participation ? { accountId: participation.accountId, role: participation.role } : null,
    managementAccountId: filter?.managementAccountId ?? null,
    environmentAccountId: filter?.environmentAccountId ?? null,
    environmentName: filter?.environmentName ?? null,
    region: filter?.region ?? null,
    statuses: statuses.length === 0 ? null : statuses,
    environmentNamePrefix: prefix === '' ? undefined : prefix,
    tags: normalizeTags(filter?.tags ?? []),
  };
}

function normalizeTags(tags: readonly TagFilter[]): NormalizedSelection['tags'] {
  const unique = new Map(tags.map(({ key, value = null }) => [JSON.stringify([key, value]), { key, value }]));
  if (unique.size === 0) return undefined;
  return [...unique].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, tag]) => tag);
}

/** Whether the tags of a connection have all that a selection asks for. */
export function hasTags(tags: readonly Tag[], wanted: readonly NormalizedTagFilter[]): boolean {
  const values = new Map(tags.map(({ key, value }) => [key, value]));
  return wanted.every(({ key, value }) => (value === null ? values.has(key) : values.get(key) === value));
}

/** Whether a connection has what a member of a selection asks for. */
const MATCHES: {
  readonly [Member in keyof NormalizedSelection]-?: (
    connection: ConnectionView,
    value: NonNullable<NormalizedSelection[Member]>,
  ) => boolean;
} = {
  participation: ({ managementAccountId, environmentAccountId }, { accountId, role }) =>
    (role !== 'ENVIRONMENT_ACCOUNT' && managementAccountId === accountId) ||
    (role !== 'MANAGEMENT_ACCOUNT' && environmentAccountId === accountId),
  managementAccountId: (connection, value) => connection.managementAccountId === value,
  environmentAccountId: (connection, value) => connection.environmentAccountId === value,
  environmentName: (connection, value) => connection.environmentName === value,
  region: (connection, value) => connection.region === value,
  statuses: ({ status }, statuses) => statuses.includes(status),
  environmentNamePrefix: ({ environmentName }, prefix) => environmentName.startsWith(prefix),
  tags: ({ tags }, wanted) => tags === undefined || hasTags(tags, wanted),
};

/**
 * Whether a selection selects a connection: what a store's query does, for one connection that is not in a store. Tags that an adapter
 * leaves out are not looked at: then the caller reads them, and checks them with `hasTags`.
 */
export function matches(connection: ConnectionView, selection: NormalizedSelection): boolean {
  return (Object.keys(MATCHES) as (keyof NormalizedSelection)[]).every((member) => {
    const value = selection[member];
    // Each function takes the values of its own member.
    const matchesValue = MATCHES[member] as (connection: ConnectionView, value: unknown) => boolean;
    return value === null || value === undefined || matchesValue(connection, value);
  });
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
