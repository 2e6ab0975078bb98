import type { ConnectionView } from '../../proton/connection';
import { participleOf, statusFailure, type ConnectionAction } from '../../proton/connection-actions';
import { ProtonFailure } from '../../proton/failure';
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
  checkPermitted,
  findForWrite,
  findPermitted,
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
  const connection = await findPermitted(scope, id, 'UPDATE');
  const violations = new Violations();
  checkRolesFit(violations, roles, connection);
  if (violations.any) throw violations.asFailure();
  const { environmentAccountId, region } = connection;
  const updated = await scope.calls.update(
    targetFor(scope, environmentAccountId, region),
    { id, ...givenRoles(roles) },
    { ...notFound(id), ConflictException: conflictOf(connection, 'UPDATE') },
  );
  return admitWritten(scope, environmentAccountId, updated);
}

export async function acceptConnection(
  scope: SessionScope,
  input: ConnectionIdInput,
): Promise<ConnectionView> {
  const id = parseId(input);
  const connection = await findPermitted(scope, id, 'ACCEPT');
  const target = targetFor(scope, connection.managementAccountId, connection.region);
  return scope.calls.accept(target, id, {
    ...notFound(id),
    ConflictException: conflictOf(connection, 'ACCEPT'),
  });
}

export async function rejectConnection(
  scope: SessionScope,
  input: ConnectionIdInput,
): Promise<ConnectionView> {
  const id = parseId(input);
  const connection = await findPermitted(scope, id, 'REJECT');
  const target = targetFor(scope, connection.managementAccountId, connection.region);
  return scope.calls.reject(target, id, {
    ...notFound(id),
    ConflictException: conflictOf(connection, 'REJECT'),
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
  checkPermitted(scope, connection, 'DELETE');
  await scope.calls.delete(targetFor(scope, connection.environmentAccountId, connection.region), id);
  scope.knownLocations.delete(id);
  return connection;
}

export async function tagConnection(scope: SessionScope, input: TagConnectionInput): Promise<ConnectionView> {
  const { id, tags } = parseTag(input);
  const connection = await findPermitted(scope, id, 'TAG');
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
  const connection = await findPermitted(scope, id, 'UNTAG');
  const target = targetFor(scope, connection.environmentAccountId, connection.region);
  await scope.calls.untag(target, connectionArn(connection), [...tagKeys], notFound(id));
  return connection;
}

function conflictOf(connection: ConnectionView, action: ConnectionAction): () => ProtonFailure {
  return () =>
    statusFailure(action, connection) ??
    ProtonFailure.conflict(
      `The connection ${connection.id} is in no state to be ${participleOf(action)}. Look at it again.`,
    );
}
