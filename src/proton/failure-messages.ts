import type { ConnectionStatus } from './connection';
import { ProtonFailure } from './failure';
import type { AccountId, ConnectionId, Region } from './identifiers';
import type { Permission } from './viewer';

/** What callers are told where every adapter refuses for the same reason: one place, so that they say it in the same words. */

/** The viewer lacks a permission. */
export function permissionMissing(
  what: string,
  permission: Permission,
  role: string,
  accountId: AccountId,
): ProtonFailure {
  return ProtonFailure.accessDenied(
    `${what} takes the permission "${permission}" on its ${role}, ${accountId}.`,
  );
}

/** A rejected connection stays as it is. */
export function rejectedForGood(id: ConnectionId, participle: string): ProtonFailure {
  return ProtonFailure.conflict(
    `The connection ${id} is REJECTED, which is final: it can't be ${participle}. Delete it and create another.`,
  );
}

/** What makes two live connections the same request. */
export interface ConnectionIdentity {
  readonly environmentAccountId: AccountId;
  readonly managementAccountId: AccountId;
  readonly environmentName: string;
  readonly region: Region;
}

/** There is one already, `live` where it is known which. */
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

/** @param quota undefined where it is not known */
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

/** The token came with another call before. */
export function clientTokenUsed(): ProtonFailure {
  return ProtonFailure.invalid([
    { path: ['clientToken'], message: 'must not have been used before with other parameters' },
  ]);
}
