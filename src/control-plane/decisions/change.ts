import { ROLE_MEMBERS, type Connection, type ConnectionEventType } from '../../proton/connection';
import { hasEffect, statusFailure } from '../../proton/connection-actions';
import type { ConnectionId } from '../../proton/identifiers';
import type { UpdateConnectionRequest } from '../../proton/validation/parse-inputs';
import { checkRolesFit } from '../../proton/validation/roles';
import { Violations } from '../../proton/validation/violations';
import type { Decision } from '../store';
import { eventOf, ifPermitted, laterOf, refuse, type DecisionContext } from './decision-context';

/** Sets the given roles. Fails for a rejected connection; equal roles change nothing. */
export function decideUpdate(context: DecisionContext, { id, ...roles }: UpdateConnectionRequest) {
  return ifPermitted(context, id, 'UPDATE', (current) => {
    const violations = new Violations();
    checkRolesFit(violations, roles, current);
    if (violations.any) return refuse(violations.asFailure());
    const failure = statusFailure('UPDATE', current);
    if (failure) return refuse(failure);
    const given = ROLE_MEMBERS.filter((member) => roles[member] !== null);
    if (given.every((member) => roles[member] === current[member]))
      return { kind: 'keep', connection: current };
    return replace(
      context,
      'UPDATED',
      current,
      Object.fromEntries(given.map((member) => [member, roles[member]])),
    );
  });
}

/** Makes a `PENDING` connection `CONNECTED`. Fails for a rejected one. */
export function decideAccept(context: DecisionContext, id: ConnectionId) {
  return ifPermitted(context, id, 'ACCEPT', (current) => {
    const failure = statusFailure('ACCEPT', current);
    if (failure) return refuse(failure);
    if (!hasEffect('ACCEPT', current)) return { kind: 'keep', connection: current };
    return replace(context, 'ACCEPTED', current, { status: 'CONNECTED' });
  });
}

/** Makes a `PENDING` or `CONNECTED` connection `REJECTED`. */
export function decideReject(context: DecisionContext, id: ConnectionId) {
  return ifPermitted(context, id, 'REJECT', (current) =>
    hasEffect('REJECT', current)
      ? replace(context, 'REJECTED', current, { status: 'REJECTED' })
      : { kind: 'keep', connection: current },
  );
}

/** Deletes a connection. Succeeds when there is none. */
export function decideDelete(context: DecisionContext, id: ConnectionId) {
  const decide = ifPermitted(context, id, 'DELETE', (current) => ({
    kind: 'delete',
    connection: current,
    event: eventOf(context, 'DELETED', laterOf(context.now(), current), {
      connectionId: current.id,
      previousStatus: current.status,
      status: null,
    }),
  }));
  return (current: Connection | undefined): Decision => {
    const decision = decide(current);
    // Deleting is idempotent, also for a connection that the viewer does not see.
    const isMissing = decision.kind === 'refuse' && decision.failure.code === 'NOT_FOUND';
    return isMissing ? { kind: 'keep', connection: undefined } : decision;
  };
}

function replace(
  context: DecisionContext,
  type: ConnectionEventType,
  current: Connection,
  change: Partial<Connection>,
): Decision {
  const at = laterOf(context.now(), current);
  const connection = { ...current, ...change, lastModifiedAt: at };
  const statuses = { previousStatus: current.status, status: connection.status };
  return {
    kind: 'replace',
    connection,
    event: eventOf(context, type, at, { connectionId: current.id, ...statuses }),
  };
}
