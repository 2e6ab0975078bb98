import type { ConnectionView } from '../../proton/connection';
import { ProtonFailure } from '../../proton/failure';
import { rejectedIsFinal } from '../../proton/failure-messages';
import { connectionArn } from '../../proton/identifiers';
import type {
  ConnectionIdInput,
  TagConnectionInput,
  UntagConnectionInput,
  UpdateConnectionInput,
} from '../../proton/validation/inputs';
import {
  parseId,
  parseTag,
  parseUntag,
  parseUpdate,
  TOO_MANY_TAGS,
} from '../../proton/validation/parse-inputs';
import { checkRolesFit } from '../../proton/validation/roles';
import { Violations } from '../../proton/validation/violations';
import type { SessionScope } from '../session-scope';
import {
  admitWritten,
  checkMayWrite,
  findForWrite,
  findToApprove,
  findToChange,
  givenRoles,
  notFound,
  targetFor,
} from './write-scope';

/** The writes that change or delete an existing connection. */

export async function updateConnection(
  scope: SessionScope,
  input: UpdateConnectionInput,
): Promise<ConnectionView> {
  const { id, ...roles } = parseUpdate(input);
  const connection = await findToChange(scope, id, 'Updating');
  const violations = new Violations();
  checkRolesFit(violations, roles, connection);
  if (violations.any) throw violations.asFailure();
  const { environmentAccountId, region } = connection;
  const updated = await scope.calls.update(
    targetFor(scope, environmentAccountId, region),
    { id, ...givenRoles(roles) },
    { ...notFound(id), ConflictException: conflictOf(connection, 'updated') },
  );
  return admitWritten(scope, environmentAccountId, updated);
}

export async function acceptConnection(
  scope: SessionScope,
  input: ConnectionIdInput,
): Promise<ConnectionView> {
  const id = parseId(input);
  const connection = await findToApprove(scope, id, 'Accepting');
  const target = targetFor(scope, connection.managementAccountId, connection.region);
  return scope.calls.accept(target, id, {
    ...notFound(id),
    ConflictException: conflictOf(connection, 'accepted'),
  });
}

export async function rejectConnection(
  scope: SessionScope,
  input: ConnectionIdInput,
): Promise<ConnectionView> {
  const id = parseId(input);
  const connection = await findToApprove(scope, id, 'Rejecting');
  const target = targetFor(scope, connection.managementAccountId, connection.region);
  return scope.calls.reject(target, id, {
    ...notFound(id),
    ConflictException: conflictOf(connection, 'rejected'),
  });
}

/** Returns the connection as it was found, because the response to a repeated deletion has none. */
export async function deleteConnection(
  scope: SessionScope,
  input: ConnectionIdInput,
): Promise<ConnectionView | undefined> {
  const id = parseId(input);
  const connection = await findForWrite(scope, id);
  if (!connection) return undefined;
  checkMayWrite(scope, connection, 'Deleting');
  await scope.calls.delete(targetFor(scope, connection.environmentAccountId, connection.region), id);
  scope.knownLocations.delete(id);
  return connection;
}

export async function tagConnection(scope: SessionScope, input: TagConnectionInput): Promise<ConnectionView> {
  const { id, tags } = parseTag(input);
  const connection = await findToChange(scope, id, 'Tagging');
  const target = targetFor(scope, connection.environmentAccountId, connection.region);
  await scope.calls.tag(target, connectionArn(connection), tags, {
    ...notFound(id),
    // The tags themselves are valid, so there must be too many of them on the connection.
    ValidationException: () => ProtonFailure.invalid([{ path: ['tags'], message: TOO_MANY_TAGS }]),
  });
  return connection;
}

export async function untagConnection(
  scope: SessionScope,
  input: UntagConnectionInput,
): Promise<ConnectionView> {
  const { id, tagKeys } = parseUntag(input);
  const connection = await findToChange(scope, id, 'Untagging');
  const target = targetFor(scope, connection.environmentAccountId, connection.region);
  await scope.calls.untag(target, connectionArn(connection), [...tagKeys], notFound(id));
  return connection;
}

/** @param change what was tried, as in "updated" */
function conflictOf({ id, status }: ConnectionView, change: string): () => ProtonFailure {
  return () =>
    status === 'REJECTED'
      ? rejectedIsFinal(id, change)
      : ProtonFailure.conflict(`The connection ${id} is in no state to be ${change}. Look at it again.`);
}
