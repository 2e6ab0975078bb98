import type { ConnectionEvent } from '../proton/connection';
import { connectionCursors, normalizeSelection, type ConnectionListRequest } from '../proton/connection-list';
import type { ConnectionId } from '../proton/identifiers';
import { cursorCodec, parsePageRequest, type CursorCodec } from '../proton/page';
import type { HistoryRequest } from '../proton/proton-service';
import type { EventQuery, ListQuery } from './store';

/**
 * Answers many requests with one read. Each request is planned by itself; one that can't be planned answers with its error at
 * its place and keeps none of the others from being read.
 */
export async function answerEach<Request, Plan, Row, Answer>(
  requests: readonly Request[],
  plan: (request: Request) => Plan,
  read: (plans: readonly Plan[]) => Promise<readonly Row[]>,
  answer: (row: Row, plan: Plan) => Answer,
): Promise<readonly (Answer | Error)[]> {
  const plans = requests.map((request) => {
    try {
      return { plan: plan(request) };
    } catch (error) {
      if (error instanceof Error) return { error };
      throw error;
    }
  });
  const sound = plans.flatMap((planned) => ('plan' in planned ? [planned.plan] : []));
  const rows = sound.length === 0 ? [] : await read(sound);
  const rowOf = new Map(sound.map((planned, index) => [planned, rows[index]]));
  return plans.map((planned) => {
    if ('error' in planned) return planned.error;
    const row = rowOf.get(planned.plan);
    return row === undefined ? new Error('the store left a query unanswered') : answer(row, planned.plan);
  });
}

export function listQueryOf(request: ConnectionListRequest, visibleTo: ListQuery['visibleTo']) {
  const selection = normalizeSelection(request);
  const cursors = connectionCursors(selection);
  const page = parsePageRequest(request, cursors);
  // One row more than the page holds tells whether there is a next page.
  const query: ListQuery = { selection, visibleTo, after: page.after, limit: page.size + 1 };
  return { query, page, cursors };
}

/** What the viewer may not see has no history, just as what does not exist. */
export function historyQueryOf(request: HistoryRequest, visible: boolean) {
  const connectionId = request.connection.id;
  const cursors = historyCursors(connectionId);
  const page = parsePageRequest(request, cursors);
  const query: EventQuery = {
    connectionId,
    before: visible ? page.after?.id : undefined,
    limit: visible ? page.size + 1 : 0,
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
