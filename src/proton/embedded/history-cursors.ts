import type { ConnectionId } from '../identifiers';
import { cursorCodec, type CursorCodec } from '../page';
import type { EventSequence, StoredEvent } from './store';

/** A place in the history of one connection. */
export type HistoryPosition = Pick<StoredEvent, 'sequence'>;

/** The cursors of one connection's history, which are of no other. */
export function historyCursors(connectionId: ConnectionId): CursorCodec<HistoryPosition> {
  return cursorCodec<HistoryPosition>(['history', connectionId], {
    toFields: ({ sequence }) => [String(sequence)],
    fromFields: ([field]) => {
      const sequence: EventSequence = Number(field);
      return Number.isSafeInteger(sequence) ? { sequence } : undefined;
    },
  });
}
