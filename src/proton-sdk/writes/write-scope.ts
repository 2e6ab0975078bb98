import type { ConnectionRoles, ConnectionView } from '../../proton/connection';
import { permissionFailure, type ConnectionAction } from '../../proton/connection-actions';
import { ProtonFailure } from '../../proton/failure';
import { missingPermission } from '../../proton/failure-messages';
import type { AccountId, ConnectionId, Region } from '../../proton/identifiers';
import { may } from '../../proton/viewer';
import type { ExceptionMapping } from '../error-mapping';
import { findConnections } from '../reads/find';
import { locationOf, type SessionScope } from '../session-scope';
import type { CallTarget } from '../transport/clients';

/**
 * What the writes have in common. A write first finds its connection, because the viewer's permissions and the account to call as
 * depend on it, and then makes one call. The SDK may repeat that call when a response is lost: Proton creates a connection only
 * once per client token, and repeating any other operation changes nothing.
 */

/** @returns the connection, or undefined if the viewer can see no such connection */
export async function findForWrite(
  scope: SessionScope,
  id: ConnectionId,
): Promise<ConnectionView | undefined> {
  const [connection] = await findConnections(scope, [{ id }]);
  if (connection instanceof Error) throw connection;
  return connection;
}

/** Finds a connection that the viewer has the permission to act on. */
export async function findPermitted(
  scope: SessionScope,
  id: ConnectionId,
  action: ConnectionAction,
): Promise<ConnectionView> {
  const connection = await findForWrite(scope, id);
  if (!connection) throw ProtonFailure.notFound(id);
  checkPermitted(scope, connection, action);
  return connection;
}

/** @throws ProtonFailure `ACCESS_DENIED` if the viewer lacks the permission for the action */
export function checkPermitted(
  { viewer }: Pick<SessionScope, 'viewer'>,
  connection: ConnectionView,
  action: ConnectionAction,
): void {
  const failure = permissionFailure(viewer, action, connection);
  if (failure) throw failure;
}

/** @throws ProtonFailure `ACCESS_DENIED` if the viewer may not create connections of the environment account */
export function checkMayCreate(
  { viewer }: Pick<SessionScope, 'viewer'>,
  { environmentAccountId }: Pick<ConnectionView, 'environmentAccountId'>,
): void {
  if (may(viewer, 'write', environmentAccountId)) return;
  throw missingPermission('Creating a connection', 'write', 'environment account', environmentAccountId);
}

/** @throws ProtonFailure `ACCESS_DENIED` if there are no credentials for the account */
export function targetFor(
  { accounts }: Pick<SessionScope, 'accounts'>,
  accountId: AccountId,
  region: Region,
): CallTarget {
  if (accounts.includes(accountId)) return { accountId, region };
  throw ProtonFailure.accessDenied(
    `This takes acting as the account ${accountId}, for which this service has no credentials.`,
  );
}

/** The roles that are set. Proton's API does not accept null. */
export function givenRoles({ roleArn, componentRoleArn, codebuildRoleArn }: ConnectionRoles) {
  return {
    ...(roleArn === null ? {} : { roleArn }),
    ...(componentRoleArn === null ? {} : { componentRoleArn }),
    ...(codebuildRoleArn === null ? {} : { codebuildRoleArn }),
  };
}

/**
 * Remembers the location of a connection that Proton created or updated.
 * @throws Error if its environment account is not the one that was called as, so the credentials belong to another account
 */
export function admitWritten(
  { knownLocations }: Pick<SessionScope, 'knownLocations'>,
  accountId: AccountId,
  connection: ConnectionView,
): ConnectionView {
  if (connection.environmentAccountId !== accountId) {
    throw new Error(
      `called as the account ${accountId}, Proton returned a connection of ${connection.environmentAccountId}: ` +
        "these are not that account's credentials",
    );
  }
  knownLocations.set(connection.id, locationOf(connection));
  return connection;
}

/** The failure for a connection that was deleted after it was found. */
export function notFound(id: ConnectionId): ExceptionMapping {
  return { ResourceNotFoundException: () => ProtonFailure.notFound(id) };
}
