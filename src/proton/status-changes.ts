import type { ConnectionStatus, ConnectionView, EpochMilliseconds } from './connection';
import type { ProtonFailure } from './failure';
import { matches, type NormalizedSelection } from './page';
import { maySee, type Viewer } from './viewer';

/** A change of a connection's status. */
export interface ConnectionStatusChange<View extends ConnectionView = ConnectionView> {
  /** Greater than those of earlier changes of the same source. */
  readonly position: number;
  /** The connection right after the change; for a deletion, right before it. */
  readonly connection: View;
  /** Null when the connection was created. */
  readonly previousStatus: ConnectionStatus | null;
  /** Null when the connection was deleted. */
  readonly status: ConnectionStatus | null;
  readonly occurredAt: EpochMilliseconds;
  /** The id of the event in the connection's history, or one that stands for it. */
  readonly eventId: string;
}

export interface StatusChangeListener {
  /**
   * Receives all changes, also those that the viewer may not see: whether one concerns a subscription, `concerns` decides. The changes
   * of a connection come in order. While a returned promise is pending, the source waits with the next ones if it can.
   */
  readonly changed: (changes: readonly ConnectionStatusChange[]) => void | Promise<void>;
  /** Called at most once, and last: changes may be missing from now on. */
  readonly ended: (failure: ProtonFailure) => void;
}

/** Where changes of status come from. */
export interface StatusChangeSource {
  /**
   * Watches the changes of all connections. A source looks for changes only while it is watched, and once for all who watch it.
   * @param viewer whose credentials an adapter may need
   */
  readonly watchStatusChanges: (viewer: Viewer, listener: StatusChangeListener) => StatusWatch;
  /**
   * Prepares watches of the near future: until it is released, a new one has its position at once. Left out by a source for which
   * looking for changes is expensive.
   * @returns what releases it
   * @throws ProtonFailure `UNAVAILABLE`
   */
  readonly prepareWatches?: () => Promise<() => void>;
}

export interface StatusWatch {
  /**
   * Resolves with a position such that the listener gets every change that is committed after this resolves, with a greater position.
   * Changes with smaller positions may come too, and some with greater ones that were committed a moment before.
   * @throws ProtonFailure `UNAVAILABLE`, `THROTTLED`
   */
  readonly position: () => Promise<number>;
  /** The listener is not called any more. */
  readonly stop: () => void;
}

/** Whether a viewer may see a change that a filter selects. The filter looks at the connection as the change shows it. */
export function concerns(
  viewer: Viewer,
  selection: NormalizedSelection,
  { connection }: Pick<ConnectionStatusChange, 'connection'>,
): boolean {
  return maySee(viewer, connection) && matches(connection, selection);
}
