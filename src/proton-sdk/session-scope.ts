import type { ConnectionView } from '../proton/connection';
import type { AccountId, ConnectionId, Region } from '../proton/identifiers';
import { maySee, readableAccounts, type Viewer } from '../proton/viewer';
import type { Calls } from './calls';
import { createLruMap, type LruMap } from './lru-map';
import type { CallTarget } from './transport/clients';

/** The maximum number of concurrent calls of one session. */
export const MAX_CONCURRENT_CALLS = 16;

/** The Region and the accounts of a connection, which never change. */
export type ConnectionLocation = Pick<
  ConnectionView,
  'region' | 'environmentAccountId' | 'managementAccountId'
>;

/**
 * The locations of connections that any session has seen, so that an id need not be searched for everywhere. They only decide
 * which account and Region to call; whether the viewer may see the connection is checked when it is found.
 */
export type KnownLocations = LruMap<ConnectionId, ConnectionLocation>;

/** About 3 MB. */
const MAX_KNOWN_LOCATIONS = 20_000;

export function createKnownLocations(): KnownLocations {
  return createLruMap(MAX_KNOWN_LOCATIONS);
}

export function locationOf({
  region,
  environmentAccountId,
  managementAccountId,
}: ConnectionView): ConnectionLocation {
  return { region, environmentAccountId, managementAccountId };
}

/** What the operations of a session share during one call of the session. */
export interface SessionScope {
  readonly calls: Calls;
  /** Aborted when the request's time is up or its client is gone. */
  readonly signal: AbortSignal;
  readonly viewer: Viewer;
  /** All accounts that have credentials. */
  readonly accounts: readonly AccountId[];
  /** The accounts to search for this viewer's connections. All of them have credentials. */
  readonly searchAccounts: ReadonlySet<AccountId>;
  readonly regions: readonly Region[];
  readonly knownLocations: KnownLocations;
}

/**
 * Returns the accounts to search, out of the `accounts` with credentials, to find every connection that the viewer may see. These
 * are the accounts that the viewer may read. But if one of those has no credentials, its connections can only be found through
 * their other account, which may be any account; then all accounts are searched.
 */
export function accountsToSearch(viewer: Viewer, accounts: readonly AccountId[]): ReadonlySet<AccountId> {
  const readable = readableAccounts(viewer);
  if (readable === 'every' || readable.some((account) => !accounts.includes(account)))
    return new Set(accounts);
  return new Set(accounts.filter((account) => readable.includes(account)));
}

/** Every account and Region to search for this viewer's connections. */
export function searchTargets({
  searchAccounts,
  regions,
}: Pick<SessionScope, 'searchAccounts' | 'regions'>): readonly CallTarget[] {
  return [...searchAccounts].flatMap((accountId) => regions.map((region) => ({ accountId, region })));
}

/**
 * Remembers the location of a connection that Proton returned to an account. Returns the connection if the viewer may see it.
 * @throws Error if the account has no part in the connection, which means that the credentials belong to another account
 */
export function admit(
  { viewer, knownLocations }: Pick<SessionScope, 'viewer' | 'knownLocations'>,
  { accountId }: CallTarget,
  connection: ConnectionView,
): ConnectionView | undefined {
  if (connection.environmentAccountId !== accountId && connection.managementAccountId !== accountId) {
    throw new Error(
      `called as the account ${accountId}, Proton returned a connection of ${connection.environmentAccountId} and ` +
        `${connection.managementAccountId}: these are not that account's credentials`,
    );
  }
  knownLocations.set(connection.id, locationOf(connection));
  return maySee(viewer, connection) ? connection : undefined;
}
