import type { ConnectionIdentity, ConnectionStatus } from './connection';
import { ProtonFailure } from './failure';
import type { AccountId, ConnectionId } from './identifiers';
import type { Permission } from './viewer';

/** Failures that both adapters raise, in one place so that their messages are the same. */

/**
 * The viewer lacks a permission.
 * @param action the start of the sentence, as in "Creating a connection"
 * @param role the account's role, as in "environment account"
 */
export function missingPermission(
  action: string,
  permission: Permission,
  role: string,
  accountId: AccountId,
): ProtonFailure {
  return ProtonFailure.accessDenied(
    `${action} takes the permission "${permission}" on its ${role}, ${accountId}.`,
  );
}

/**
 * A rejected connection can't be changed.
 * @param change what was tried, as in "updated"
 */
export function rejectedIsFinal(id: ConnectionId, change: string): ProtonFailure {
  return ProtonFailure.conflict(
    `The connection ${id} is REJECTED, which is final: it can't be ${change}. Delete it and create another.`,
  );
}

/**
 * A connection with this identity is already `PENDING` or `CONNECTED`.
 * @param live that connection; undefined if the adapter does not know it
 */
export function liveConnectionExists(
  { environmentAccountId, managementAccountId, environmentName, region }: ConnectionIdentity,
  live: { readonly id: ConnectionId; readonly status: ConnectionStatus } | undefined,
): ProtonFailure {
  const accounts = `The accounts ${environmentAccountId} and ${managementAccountId}`;
  const place = `for the environment ${environmentName} in ${region}`;
  return ProtonFailure.conflict(
    live
      ? `${accounts} already have a ${live.status} connection ${place}: ${live.id}.`
      : `${accounts} already have a connection ${place} that is PENDING or CONNECTED.`,
  );
}

/**
 * The environment account has as many connections in the Region as it may have.
 * @param quota undefined if the adapter does not know it
 */
export function quotaReached(
  { environmentAccountId, region }: Pick<ConnectionIdentity, 'environmentAccountId' | 'region'>,
  quota: number | undefined,
): ProtonFailure {
  const allowed = quota === undefined ? 'connections' : `${String(quota)} connections`;
  return ProtonFailure.quotaExceeded(
    `The environment account ${environmentAccountId} has reached its quota of ${allowed} in ${region}. ` +
      'Delete connections that are no longer needed.',
  );
}

/** The client token was used before, with other parameters. */
export function clientTokenUsed(): ProtonFailure {
  return ProtonFailure.invalid([
    { path: ['clientToken'], message: 'must not have been used before with other parameters' },
  ]);
}
