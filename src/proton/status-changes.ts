import type { ConnectionStatus, ConnectionView, EpochMilliseconds } from './connection';
import type { ProtonFailure } from './failure';

/** A change of a connection's status, with the connection as it was right after it (before it, for a deletion). */
export interface ConnectionStatusChange<View extends ConnectionView = ConnectionView> {
  readonly connection: View;
  /** Null on creation. */
  readonly previousStatus: ConnectionStatus | null;
  /** Null once it is deleted. */
  readonly status: ConnectionStatus | null;
  readonly occurredAt: EpochMilliseconds;
  readonly eventId: string;
}

export interface StatusChangeListener {
  /** In order per connection; called with all changes, visible or not: the subscriber checks permissions and filter. */
  readonly changed: (changes: readonly ConnectionStatusChange[]) => void;
  /** Changes may be missing from now on: the subscription must end. */
  readonly ended: (failure: ProtonFailure) => void;
}
