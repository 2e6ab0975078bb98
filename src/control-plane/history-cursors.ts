import type { ConnectionEvent } from '../proton/connection';
import type { ConnectionId } from '../proton/identifiers';
import { cursorCodec, type CursorCodec } from '../proton/page';

/** A place in the history of one connection: an event, by what tells nothing of what else was written. */
export type HistoryPosition = Pick<ConnectionEvent, 'id'>;

/** The cursors of one connection's history, which are of no other. */
export function historyCursors(connectionId: ConnectionId): CursorCodec<HistoryPosition> {
  return cursorCodec<HistoryPosition>(['history', connectionId], {
    toFields: ({ id }) => [id],
    fromFields: ([id]) => (id === undefined || id === '' ? undefined : { id }),
  });
}
