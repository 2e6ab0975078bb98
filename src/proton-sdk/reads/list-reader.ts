import type { ConnectionView } from '../../proton/connection';
import { type ConnectionPosition, MAX_PAGE_SIZE } from '../../proton/page';
import { ProtonFailure } from '../../proton/failure';
import type { Calls, ListSource } from '../calls';
import { repeatedPageToken } from '../error-mapping';
import type { PageTokens } from './list-sources';

/** The list is not sorted newest first. */
export class ListOrderError extends Error {
  override readonly name = 'ListOrderError';

  constructor(readonly source: ListSource) {
    super('the list does not run from the newest request to the oldest');
  }
}

/** Reads one list page by page, starting at a position, and returns its connections in the port's order. */
export interface ListReader {
  /** Connections that have been read and whose order is final. The consumer removes them from the front. */
  readonly ready: ConnectionView[];
  /** Whether `ready` is empty and the list has no more. */
  readonly exhausted: () => boolean;
  /** Reads until something is ready or the list is exhausted. */
  readonly fill: () => Promise<void>;
}

export type ListCalls = Pick<Calls, 'list'>;

export interface ListReaderOptions {
  readonly calls: ListCalls;
  readonly pageTokens: PageTokens;
  readonly source: ListSource;
  /** Skips connections up to and including this position. */
  readonly after: ConnectionPosition | undefined;
  readonly firstPageSize: number;
  /** Whether a connection belongs to the result. */
  readonly includes: (connection: ConnectionView) => boolean;
  /** Read the whole list before anything is ready, because the list has another order than the port's. */
  readonly readAll: boolean;
}

/** Marks a page token that Proton no longer accepts. Compared by identity, also by reads that share the call. */
const EXPIRED_TOKEN = ProtonFailure.invalid([]);

/**
 * Proton does not document the order of its lists. Unless `readAll` is set, the reader expects the newest request first and throws
 * a `ListOrderError` otherwise. It expects no order among requests of the same millisecond and sorts them itself.
 */
export function createListReader(options: ListReaderOptions): ListReader {
  const { calls, pageTokens, source, after, firstPageSize, includes, readAll } = options;
  const ready: ConnectionView[] = [];
  /** The connections with the `requestedAt` that was read last; the next page may contain more of them. */
  let sameInstant: ConnectionView[] = [];
  let lastRequestedAt = Infinity;
  let nextToken = after && !readAll ? pageTokens.lastBefore(source, after.requestedAt)?.nextToken : undefined;
  let started = false;
  let ended = false;

  async function readPage() {
    const maxResults = started || readAll ? MAX_PAGE_SIZE : Math.min(firstPageSize, MAX_PAGE_SIZE);
    if (nextToken === undefined || started) return calls.list(source, { maxResults, nextToken });
    // A remembered token may have expired; then read from the top.
    try {
      return await calls.list(
        source,
        { maxResults, nextToken },
        { ValidationException: () => EXPIRED_TOKEN },
      );
    } catch (failure) {
      if (failure !== EXPIRED_TOKEN) throw failure;
      pageTokens.forget(source);
      return calls.list(source, { maxResults, nextToken: undefined });
    }
  }

  /** Moves `sameInstant`, which is now complete, to `ready`. */
  function flush() {
    const following = sameInstant.filter((connection) => isAfter(connection, after) && includes(connection));
    ready.push(...following.sort(byPosition));
    sameInstant = [];
  }

  return {
    ready,
    exhausted: () => ended && ready.length === 0,
    async fill() {
      while (!ended && (readAll || ready.length === 0)) {
        const page = await readPage();
        started = true;
        if (page.nextToken !== undefined && page.nextToken === nextToken) throw repeatedPageToken();
        for (const connection of page.items) {
          if (!readAll && connection.requestedAt > lastRequestedAt) throw new ListOrderError(source);
          if (!readAll && connection.requestedAt < lastRequestedAt) flush();
          lastRequestedAt = connection.requestedAt;
          sameInstant.push(connection);
        }
        nextToken = page.nextToken;
        if (nextToken === undefined) {
          ended = true;
          flush();
        } else if (!readAll && page.items.length > 0) {
          pageTokens.add(source, { requestedAt: lastRequestedAt, nextToken });
        }
      }
    },
  };
}

/** Compares by the port's order: the newest request first, then the greatest id. */
export function byPosition(a: ConnectionPosition, b: ConnectionPosition): number {
  return b.requestedAt - a.requestedAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

function isAfter(connection: ConnectionView, position: ConnectionPosition | undefined): boolean {
  return position === undefined || byPosition(position, connection) < 0;
}
