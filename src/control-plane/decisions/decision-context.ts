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
 * What becomes of a write is decided on what the store holds at that moment and on nothing else: pure functions, but for the clock
 * and the ids, which come in. The order of the checks is Proton's: may the viewer see it, is it the right account, does its state
 * allow it. This file holds what the decisions are made of.
 */

/** Who writes, and what a decision needs from outside. */
export interface Author {
  readonly viewer: Viewer;
  /** Whether a connection exists as far as the viewer is concerned. */
  readonly sees: (connection: Connection) => boolean;
  readonly now: () => EpochMilliseconds;
  /** A lower-case UUID. */
  readonly newId: () => string;
}

type Refusal = Extract<Decision, { kind: 'refuse' }>;

type DecideCurrent = (current: Connection) => Decision;

/** Lets a decision be made as the environment account: by a viewer who sees the connection and may write to that account. */
export function asEnvironmentAccount(author: Author, id: ConnectionId, what: string, decide: DecideCurrent) {
  return guarded(author, id, (current) => {
    const account = current.environmentAccountId;
    return may(author.viewer, 'write', account)
      ? decide(current)
      : denied(`${what} a connection`, 'write', 'environment account', account);
  });
}

/** Lets a decision be made as the management account: by a viewer who sees the connection and may approve for that account. */
export function asManagementAccount(author: Author, id: ConnectionId, what: string, decide: DecideCurrent) {
  return guarded(author, id, (current) => {
    const account = current.managementAccountId;
    return may(author.viewer, 'approve', account)
      ? decide(current)
      : denied(`${what} a connection`, 'approve', 'management account', account);
  });
}

/** What the viewer may not see does not exist, whatever they may do. */
function guarded({ sees }: Author, id: ConnectionId, decide: DecideCurrent) {
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

/** A clock that was set back must not make a connection younger than it was. */
export function laterOf(now: EpochMilliseconds, { lastModifiedAt }: Connection): EpochMilliseconds {
  return Math.max(now, lastModifiedAt);
}

export function eventOf(
  { viewer, newId }: Author,
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
