import { AccountRole } from '../../proton/connection';
import { isAccountId, type ConnectionId } from '../../proton/identifiers';
import { maySee } from '../../proton/viewer';
import type { ListSource } from '../calls';
import type { SessionScope } from '../session-scope';
import type { CallTarget } from '../transport/clients';

/** An account and Region where a connection may be found. */
export interface Candidate extends CallTarget {
  /** The account's role in the connection; null if it is unknown. */
  readonly role: AccountRole | null;
  /**
   * Whether the connection has been seen here. If so, it is looked up by its id even if a list does not contain it, because lists may
   * be outdated. Otherwise a list without it is final, so that a thousand made-up ids do not cause a thousand calls in every account.
   */
  readonly seen: boolean;
}

/**
 * Where a connection was seen before: at its environment account if that can be searched, else at its management account. Empty if
 * the viewer may not see the connection, so that finding out takes the same calls as for an unknown id.
 */
export function knownCandidates(
  { knownLocations, searchAccounts, viewer }: SessionScope,
  id: ConnectionId,
): readonly Candidate[] {
  const location = knownLocations.get(id);
  if (!location || !maySee(viewer, location)) return [];
  const { region, environmentAccountId, managementAccountId } = location;
  if (searchAccounts.has(environmentAccountId)) {
    return [{ accountId: environmentAccountId, region, role: 'ENVIRONMENT_ACCOUNT', seen: true }];
  }
  return searchAccounts.has(managementAccountId)
    ? [{ accountId: managementAccountId, region, role: 'MANAGEMENT_ACCOUNT', seen: true }]
    : [];
}

/**
 * An ARN contains the Region and the environment account. If that account can't be searched, any of the others may be the
 * management account.
 */
export function candidatesInArn(
  { searchAccounts, regions }: SessionScope,
  arn: string,
): readonly Candidate[] {
  const [, , , regionName, environmentAccountId = ''] = arn.split(':');
  const region = regions.find((known) => known === regionName);
  if (region === undefined) return [];
  if (isAccountId(environmentAccountId) && searchAccounts.has(environmentAccountId)) {
    return [{ accountId: environmentAccountId, region, role: 'ENVIRONMENT_ACCOUNT', seen: false }];
  }
  return [...searchAccounts].map((accountId) => ({
    accountId,
    region,
    role: 'MANAGEMENT_ACCOUNT',
    seen: false,
  }));
}

/** The lists that contain the connection if it exists at the candidate. */
export function listsOf({ accountId, region, role }: Candidate): readonly ListSource[] {
  const roles = role === null ? Object.values(AccountRole) : [role];
  return roles.map((role) => ({ accountId, region, role, environmentName: null, statuses: null }));
}

export function uniqueCandidates(candidates: readonly Candidate[]): readonly Candidate[] {
  return [...new Map(candidates.map((candidate) => [roleKey(candidate), candidate])).values()];
}

/** A map key for an account, Region and role. */
export function roleKey({ accountId, region, role }: Omit<Candidate, 'seen'>): string {
  return `${accountId} ${region} ${role ?? ''}`;
}

/** A map key for an account and Region. */
export function targetKey({ accountId, region }: CallTarget): string {
  return `${accountId} ${region}`;
}
