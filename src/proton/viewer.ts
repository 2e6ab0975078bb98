import type { Connection } from './connection';
import type { AccountId } from './identifiers';

/**
 * What a viewer may do with the connections of an account: see them, change them as their environment account, or accept and
 * reject them as their management account. `write` and `approve` each include `read`.
 */
export type Permission = 'read' | 'write' | 'approve';

const ALL_PERMISSIONS: ReadonlySet<Permission> = new Set(['read', 'write', 'approve']);
const NO_PERMISSIONS: ReadonlySet<Permission> = new Set();

/** The user or AWS account on whose behalf calls are made. */
export interface Viewer {
  /** Identifies the viewer in the history. */
  readonly subject: string;
  /** Permissions on every account. */
  readonly onEveryAccount: ReadonlySet<Permission>;
  /** Further permissions, on single accounts. */
  readonly onAccounts: ReadonlyMap<AccountId, ReadonlySet<Permission>>;
}

/** A viewer with all permissions on all accounts. */
export function unrestrictedViewer(subject: string): Viewer {
  return { subject, onEveryAccount: ALL_PERMISSIONS, onAccounts: new Map() };
}

/** A viewer that may do nothing. */
export function viewerWithoutPermissions(subject: string): Viewer {
  return { subject, onEveryAccount: NO_PERMISSIONS, onAccounts: new Map() };
}

/** A viewer with all permissions on one account and no others, like AWS credentials of that account. */
export function accountViewer(accountId: AccountId): Viewer {
  return {
    subject: accountId,
    onEveryAccount: NO_PERMISSIONS,
    onAccounts: new Map([[accountId, ALL_PERMISSIONS]]),
  };
}

/** Whether the viewer has a permission on an account. */
export function may(viewer: Viewer, permission: Permission, accountId: AccountId): boolean {
  return (
    grants(viewer.onEveryAccount, permission) ||
    grants(viewer.onAccounts.get(accountId) ?? NO_PERMISSIONS, permission)
  );
}

/** Whether the viewer may read either account of a connection. To other viewers the connection looks as if it did not exist. */
export function maySee(
  viewer: Viewer,
  {
    managementAccountId,
    environmentAccountId,
  }: Pick<Connection, 'managementAccountId' | 'environmentAccountId'>,
): boolean {
  return may(viewer, 'read', managementAccountId) || may(viewer, 'read', environmentAccountId);
}

/** The accounts that the viewer may read; `'every'` for all accounts. */
export function readableAccounts(viewer: Viewer): 'every' | readonly AccountId[] {
  return grants(viewer.onEveryAccount, 'read') ? 'every' : namedAccounts(viewer);
}

/** The accounts that the viewer's permissions name. */
export function namedAccounts(viewer: Viewer): readonly AccountId[] {
  return accountsGranting(viewer, 'read');
}

/** The only account to which the viewer may write; undefined if there is no such account, or more than one. */
export function ownAccount(viewer: Viewer): AccountId | undefined {
  if (grants(viewer.onEveryAccount, 'write')) return undefined;
  const [own, ...others] = accountsGranting(viewer, 'write');
  return others.length === 0 ? own : undefined;
}

/** What is granted, with `read` wherever there is another permission, in the order of `Permission`. */
export function permissionsOf(granted: ReadonlySet<Permission>): readonly Permission[] {
  return [...ALL_PERMISSIONS].filter((permission) => grants(granted, permission));
}

function accountsGranting(viewer: Viewer, permission: Permission): AccountId[] {
  return [...viewer.onAccounts]
    .filter(([, granted]) => grants(granted, permission))
    .map(([accountId]) => accountId);
}

function grants(granted: ReadonlySet<Permission>, permission: Permission): boolean {
  return permission === 'read' ? granted.size > 0 : granted.has(permission);
}
