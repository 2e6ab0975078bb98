import type { ConnectionView, Tag } from '../../proton/connection';
import {
  connectionCursors,
  type ConnectionListRequest,
  type ConnectionPosition,
  DEFAULT_PAGE_SIZE,
  hasTags,
  matches,
  type NormalizedSelection,
  normalizeSelection,
  type Page,
  pageOf,
  parsePageRequest,
} from '../../proton/page';
import { asError } from '../../proton/failure';
import type { ListSource } from '../calls';
import { createLruMap, type LruMap } from '../lru-map';
import { admit, type SessionScope } from '../session-scope';
import { readTags } from './details';
import { byPosition, createListReader, ListOrderError, type ListCalls, type ListReader } from './list-reader';
import { createPageTokens, type PageTokens, sourcesFor } from './list-sources';

/** What the adapter remembers about Proton's lists across requests. */
export interface ListCache {
  readonly pageTokens: PageTokens;
  /** Keys of lists that are not sorted newest first. */
  readonly unordered: LruMap<string, true>;
}

const MAX_UNORDERED = 500;

export function createListCache(): ListCache {
  return { pageTokens: createPageTokens(), unordered: createLruMap(MAX_UNORDERED) };
}

/**
 * Reads pages of the port's lists. Several requests may need the same list of Proton's. Each page of it is read once, which is why
 * all requests use the same size for the first page.
 */
export async function listConnections(
  scope: SessionScope,
  cache: ListCache,
  requests: readonly ConnectionListRequest[],
): Promise<readonly (Page<ConnectionView> | Error)[]> {
  const sharing: ListScope = {
    ...scope,
    calls: readPagesOnce(scope.calls),
    readTags: (connections) => readTags(scope, connections),
  };
  const firstPageSize = 1 + Math.max(0, ...requests.map(({ first }) => first ?? DEFAULT_PAGE_SIZE));
  return Promise.all(
    requests.map((request) => listOne(sharing, cache, request, firstPageSize).catch(asError)),
  );
}

/** What reading lists needs of a session. */
type ListScope = Omit<SessionScope, 'calls'> & {
  readonly calls: ListCalls;
  readonly readTags: (
    connections: readonly ConnectionView[],
  ) => Promise<readonly (readonly Tag[] | null | Error)[]>;
};

function readPagesOnce(calls: ListCalls): ListCalls {
  const pages = new Map<string, ReturnType<ListCalls['list']>>();
  return {
    list(source, options, exceptions) {
      const key = JSON.stringify([source, options]);
      const known = pages.get(key);
      if (known) return known;
      const page = calls.list(source, options, exceptions);
      pages.set(key, page);
      return page;
    },
  };
}

/**
 * Merges many lists of Proton's into one page in the port's order. The cursor is a position; every list is read from there. That
 * takes one or two calls per list, however far down the position is, as long as the page tokens are remembered. Without them the
 * lists are read from their tops, with the same result.
 *
 * @throws ProtonFailure `VALIDATION_ERROR` for an invalid page size or cursor
 */
async function listOne(
  scope: ListScope,
  cache: ListCache,
  request: ConnectionListRequest,
  firstPageSize: number,
): Promise<Page<ConnectionView>> {
  const selection = normalizeSelection(request);
  const cursors = connectionCursors(selection);
  const page = parsePageRequest(request, cursors);
  // One more than the page size, to know whether there is a next page.
  const query = { selection, after: page.after, limit: page.size + 1, firstPageSize };
  return pageOf(await readMerged(scope, cache, query), page, cursors);
}

interface ListQuery {
  readonly selection: NormalizedSelection;
  readonly after: ConnectionPosition | undefined;
  readonly limit: number;
  readonly firstPageSize: number;
}

async function readMerged(
  scope: ListScope,
  cache: ListCache,
  query: ListQuery,
): Promise<readonly ConnectionView[]> {
  for (;;) {
    try {
      const readers = readersFor(scope, cache, query);
      return await merge(readers, query.limit, tagCheck(scope, query.selection));
    } catch (error) {
      if (!(error instanceof ListOrderError)) throw error;
      // Try again, and read the whole of this list to sort it.
      cache.unordered.set(keyOf(error.source), true);
    }
  }
}

function readersFor(
  scope: ListScope,
  { pageTokens, unordered }: ListCache,
  { selection, after, firstPageSize }: ListQuery,
): readonly ListReader[] {
  return sourcesFor(selection, scope).map((source) =>
    createListReader({
      calls: scope.calls,
      pageTokens,
      source,
      after,
      firstPageSize,
      includes: (connection) =>
        admit(scope, source, connection) !== undefined && matches(connection, selection),
      readAll: unordered.get(keyOf(source)) ?? false,
    }),
  );
}

function keyOf({ accountId, region, role }: ListSource): string {
  return `${accountId} ${region} ${role}`;
}

/** Returns those of some connections that belong to a list. */
type Check = (connections: readonly ConnectionView[]) => Promise<readonly ConnectionView[]>;

/**
 * Checks the tags that a selection asks for; undefined if it asks for none. AWS's lists have no tags: this takes a call for each
 * connection, until the page is full or the time of the request is up.
 */
function tagCheck({ readTags }: ListScope, { tags: wanted }: NormalizedSelection): Check | undefined {
  if (!wanted) return undefined;
  return async (connections) => {
    const read = await readTags(connections);
    return connections.flatMap((connection, index) => {
      const tags = read[index];
      if (tags instanceof Error) throw tags;
      // Null: it was deleted meanwhile.
      return tags && hasTags(tags, wanted) ? [{ ...connection, tags }] : [];
    });
  };
}

/** Merges ordered lists. A connection may be in two of them, because it is in the lists of both its accounts; it is returned once. */
async function merge(
  readers: readonly ListReader[],
  limit: number,
  check: Check | undefined,
): Promise<readonly ConnectionView[]> {
  const merged: ConnectionView[] = [];
  let last: ConnectionView | undefined;
  while (merged.length < limit) {
    // The next connection is known only when every list has one ready. Lists that don't are read concurrently.
    await Promise.all(readers.filter(({ ready }) => ready.length === 0).map((reader) => reader.fill()));
    const open = readers.filter((reader) => !reader.exhausted());
    if (open.length === 0) break;
    const next: ConnectionView[] = [];
    while (merged.length + next.length < limit && open.every(({ ready }) => ready.length > 0)) {
      const first = open.reduce((a, b) => (comesFirst(b, a) ? b : a)).ready.shift();
      if (first && first.id !== last?.id) next.push(first);
      last = first ?? last;
    }
    merged.push(...(check ? await check(next) : next));
  }
  return merged;
}

function comesFirst({ ready: [a] }: ListReader, { ready: [b] }: ListReader): boolean {
  return a !== undefined && (b === undefined || byPosition(a, b) < 0);
}
