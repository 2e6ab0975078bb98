import { ConnectionStatus, type ConnectionEvent } from '../proton/connection';
import { DEFAULT_LONGEST_PENDING, type LongestPendingRequest } from '../proton/overview';
import {
  connectionCursors,
  type ConnectionListRequest,
  cursorCodec,
  type CursorCodec,
  normalizeSelection,
  parsePageRequest,
  parsePageSize,
} from '../proton/page';
import type { ConnectionId } from '../proton/identifiers';
import { whenDone, type HistoryRequest, type MaybePromise } from '../proton/proton-service';
import type { EventQuery, ListQuery } from './store';

/**
 * Serves many requests with one read. Each request is planned separately. When planning fails, the error is that request's result,
 * and the others are still read.
 * @param plan returns undefined for a request that needs no read
 * @param unread the result of such a request
 */
export function readBatch<Request, Plan, Row, Result>(
  requests: readonly Request[],
  plan: (request: Request) => Plan | undefined,
  read: (plans: readonly Plan[]) => MaybePromise<readonly Row[]>,
  toResult: (row: Row, plan: Plan) => Result,
  unread?: Result,
): MaybePromise<readonly (Result | Error)[]> {
  const plans = requests.map((request) => {
    try {
      return { plan: plan(request) };
    } catch (error) {
      if (error instanceof Error) return { error };
      throw error;
    }
  });
  const valid = plans.flatMap(({ plan: planned }) => (planned === undefined ? [] : [planned]));
  return whenDone(valid.length === 0 ? [] : read(valid), (rows) => {
    const rowOf = new Map(valid.map((planned, index) => [planned, rows[index]]));
    const resultOf = (planned: Plan | undefined): Result | undefined => {
      if (planned === undefined) return unread;
      const row = rowOf.get(planned);
      return row === undefined ? undefined : toResult(row, planned);
    };
    return plans.map(
      ({ plan: planned, error }) =>
        error ?? resultOf(planned) ?? new Error('the store returned no result for a query'),
    );
  });
}

export function listQueryOf(request: ConnectionListRequest, visibleTo: ListQuery['visibleTo']) {
  const selection = normalizeSelection(request);
  const cursors = connectionCursors(selection);
  const page = parsePageRequest(request, cursors);
  // One more row than the page holds, to know whether there is a next page.
  const query: ListQuery = { selection, visibleTo, after: page.after, limit: page.size + 1 };
  return { query, page, cursors };
}

/**
 * @returns the query; undefined if the filter is by other statuses, which selects none
 * @throws ProtonFailure `VALIDATION_ERROR` for a number of connections outside 1 to 100
 */
export function longestPendingQueryOf(
  request: LongestPendingRequest,
  visibleTo: ListQuery['visibleTo'],
): ListQuery | undefined {
  const limit = parsePageSize(request.first, DEFAULT_LONGEST_PENDING);
  const selection = normalizeSelection(request);
  if (selection.statuses?.includes(ConnectionStatus.PENDING) === false) return undefined;
  return {
    selection: { ...selection, statuses: [ConnectionStatus.PENDING] },
    visibleTo,
    after: undefined,
    limit,
    oldestFirst: true,
  };
}

/** An invisible connection has an empty history, like a connection that does not exist. */
export function historyQueryOf(request: HistoryRequest, isVisible: boolean) {
  const connectionId = request.connection.id;
  const cursors = historyCursors(connectionId);
  const page = parsePageRequest(request, cursors);
  const query: EventQuery = {
    connectionId,
    before: isVisible ? page.after?.id : undefined,
    limit: isVisible ? page.size + 1 : 0,
  };
  return { query, page, cursors };
}

/** A position in the history of a connection. */
type HistoryPosition = Pick<ConnectionEvent, 'id'>;

/** Writes and reads the cursors of one connection's history. They are invalid in any other history. */
function historyCursors(connectionId: ConnectionId): CursorCodec<HistoryPosition> {
  return cursorCodec<HistoryPosition>(['history', connectionId], {
    toFields: ({ id }) => [id],
    fromFields: ([id]) => (id === undefined || id === '' ? undefined : { id }),
  });
}
