import type {
  Connection,
  ConnectionEvent,
  ConnectionEventType,
  ConnectionStatus,
  EpochMilliseconds,
} from '../../proton/connection';
import { ProtonFailure } from '../../proton/failure';
import type { AccountId, ConnectionId } from '../../proton/identifiers';
import { missingPermission, rejectedIsFinal } from '../../proton/failure-messages';
import { may, type Permission, type Viewer } from '../../proton/viewer';
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

/** A decision of the environment account: the viewer must see the connection and have `write` on that account. */
export function asEnvironmentAccount(
  context: DecisionContext,
  id: ConnectionId,
  what: string,
  decide: DecideCurrent,
) {
  return ifVisible(context, id, (current) => {
    const account = current.environmentAccountId;
    return may(context.viewer, 'write', account)
      ? decide(current)
      : denied(`${what} a connection`, 'write', 'environment account', account);
  });
}

/** A decision of the management account: the viewer must see the connection and have `approve` on that account. */
export function asManagementAccount(
  context: DecisionContext,
  id: ConnectionId,
  what: string,
  decide: DecideCurrent,
) {
  return ifVisible(context, id, (current) => {
    const account = current.managementAccountId;
    return may(context.viewer, 'approve', account)
      ? decide(current)
      : denied(`${what} a connection`, 'approve', 'management account', account);
  });
}

/** To a viewer who does not see the connection, it does not exist. */
function ifVisible({ sees }: DecisionContext, id: ConnectionId, decide: DecideCurrent) {
  return (current: Connection | undefined): Decision =>
    current && sees(current) ? decide(current) : refuse(ProtonFailure.notFound(id));
}

export function refuse(failure: ProtonFailure): Refusal {
  return { kind: 'refuse', failure };
}

export function denied(what: string, permission: Permission, role: string, accountId: AccountId): Refusal {
  return refuse(missingPermission(what, permission, role, accountId));
}

export function conflictWithRejected({ id }: Connection, participle: string): Refusal {
  return refuse(rejectedIsFinal(id, participle));
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
