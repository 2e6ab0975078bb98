import type {
  Connection,
  ConnectionEvent,
  ConnectionEventType,
  ConnectionStatus,
  EpochMilliseconds,
} from '../../proton/connection';
import { permissionFailure, type ConnectionAction } from '../../proton/connection-actions';
import { ProtonFailure } from '../../proton/failure';
import type { ConnectionId } from '../../proton/identifiers';
import type { Viewer } from '../../proton/viewer';
import type { Decision } from '../store';

/**
 * A decision is a pure, synchronous function of the state in the store; the clock and new ids are passed in. The order of the checks
 * is Proton's: the viewer sees the connection, may act for the account, and the connection's state allows the change. This file has
 * what all decisions share.
 */

/** The viewer who writes, and what else a decision needs. */
export interface DecisionContext {
  readonly viewer: Viewer;
  /** Whether the viewer sees a connection. */
  readonly sees: (connection: Connection) => boolean;
  readonly now: () => EpochMilliseconds;
  /** Returns a lower-case UUID. */
  readonly newId: () => string;
}

type Refusal = Extract<Decision, { kind: 'refuse' }>;

type DecideCurrent = (current: Connection) => Decision;

/**
 * A decision on a connection that the viewer sees and has the permission for. To a viewer who does not see the connection, it does not
 * exist.
 */
export function ifPermitted(
  { viewer, sees }: DecisionContext,
  id: ConnectionId,
  action: ConnectionAction,
  decide: DecideCurrent,
) {
  return (current: Connection | undefined): Decision => {
    if (!current || !sees(current)) return refuse(ProtonFailure.notFound(id));
    const failure = permissionFailure(viewer, action, current);
    return failure ? refuse(failure) : decide(current);
  };
}

export function refuse(failure: ProtonFailure): Refusal {
  return { kind: 'refuse', failure };
}

/** `lastModifiedAt` never decreases, even when the clock is set back. */
export function laterOf(now: EpochMilliseconds, { lastModifiedAt }: Connection): EpochMilliseconds {
  return Math.max(now, lastModifiedAt);
}

export function eventOf(
  { viewer, newId }: DecisionContext,
  type: ConnectionEventType,
  occurredAt: EpochMilliseconds,
  change: {
    readonly connectionId: ConnectionId;
    readonly previousStatus: ConnectionStatus | null;
    readonly status: ConnectionStatus | null;
  },
): ConnectionEvent {
  return { id: newId(), type, actor: viewer.subject, occurredAt, ...change };
}
