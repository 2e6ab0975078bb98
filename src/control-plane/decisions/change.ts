import { ROLE_MEMBERS, type Connection, type ConnectionEventType } from '../../proton/connection';
import type { ConnectionId } from '../../proton/identifiers';
import type { UpdateConnectionRequest } from '../../proton/validation/parse-inputs';
import { checkRolesFit } from '../../proton/validation/roles';
import { Violations } from '../../proton/validation/violations';
import type { Decision } from '../store';
import {
  asEnvironmentAccount,
  asManagementAccount,
  conflictWithRejected,
  eventOf,
  laterOf,
  refuse,
  type Author,
} from './decision-context';

/** Sets the roles that are given. A rejected connection is final, and equal roles change nothing. */
export function decideUpdate(author: Author, { id, ...roles }: UpdateConnectionRequest) {
  return asEnvironmentAccount(author, id, 'Updating', (current) => {
    const violations = new Violations();
    checkRolesFit(violations, roles, current);
    if (violations.any) return refuse(violations.asFailure());
    if (current.status === 'REJECTED') return conflictWithRejected(current, 'updated');
    const given = ROLE_MEMBERS.filter((member) => roles[member] !== null);
    if (given.every((member) => roles[member] === current[member]))
      return { kind: 'keep', connection: current };
    return replace(
      author,
      'UPDATED',
      current,
      Object.fromEntries(given.map((member) => [member, roles[member]])),
    );
  });
}

/** Makes a pending connection `CONNECTED`; a rejected one is final. */
export function decideAccept(author: Author, id: ConnectionId) {
  return asManagementAccount(author, id, 'Accepting', (current) => {
    if (current.status === 'REJECTED') return conflictWithRejected(current, 'accepted');
    if (current.status === 'CONNECTED') return { kind: 'keep', connection: current };
    return replace(author, 'ACCEPTED', current, { status: 'CONNECTED' });
  });
}

/** Makes a connection `REJECTED`, whether it was pending or connected. */
export function decideReject(author: Author, id: ConnectionId) {
  return asManagementAccount(author, id, 'Rejecting', (current) =>
    current.status === 'REJECTED'
      ? { kind: 'keep', connection: current }
      : replace(author, 'REJECTED', current, { status: 'REJECTED' }),
  );
}

/** Takes a connection away; where there is none to take, that succeeds. */
export function decideDelete(author: Author, id: ConnectionId) {
  const decide = asEnvironmentAccount(author, id, 'Deleting', (current) => ({
    kind: 'delete',
    connection: current,
    event: eventOf(author, 'DELETED', laterOf(author.now(), current), {
      connectionId: current.id,
      previousStatus: current.status,
      status: null,
    }),
  }));
  return (current: Connection | undefined): Decision => {
    const decision = decide(current);
    // Deleting is idempotent: what is not there, or not to be seen, is gone already.
    const gone = decision.kind === 'refuse' && decision.failure.code === 'NOT_FOUND';
    return gone ? { kind: 'keep', connection: undefined } : decision;
  };
}

function replace(
  author: Author,
  type: ConnectionEventType,
  current: Connection,
  change: Partial<Connection>,
): Decision {
  const at = laterOf(author.now(), current);
  const connection = { ...current, ...change, lastModifiedAt: at };
  const statuses = { previousStatus: current.status, status: connection.status };
  return {
    kind: 'replace',
    connection,
    event: eventOf(author, type, at, { connectionId: current.id, ...statuses }),
  };
}
