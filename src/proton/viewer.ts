import type { Connection } from './connection';
import type { AccountId } from './identifiers';

/** What a viewer may do with an account. `write` and `approve` each include `read`. */
export type Permission = 'read' | 'write' | 'approve';

const EVERY_PERMISSION: ReadonlySet<Permission> = new Set(['read', 'write', 'approve']);
const NONE: ReadonlySet<Permission> = new Set();

/** On whose behalf a call is made. */
export interface Viewer {
  /** Names the viewer in the history. */
  readonly subject: string;
  /** Permissions that hold on every account. */
  readonly onEveryAccount: ReadonlySet<Permission>;
  /** Permissions on single accounts, in addition. */
  readonly onAccounts: ReadonlyMap<AccountId, ReadonlySet<Permission>>;
}

/** A viewer that may do everything, on every account. */
export function unrestrictedViewer(subject: string): Viewer {
  return { subject, onEveryAccount: EVERY_PERMISSION, onAccounts: new Map() };
}

/** A viewer that acts as one account, the way AWS credentials do: it may do everything there and nothing elsewhere. */
export function accountViewer(accountId: AccountId): Viewer {
  return { subject: accountId, onEveryAccount: NONE, onAccounts: new Map([[accountId, EVERY_PERMISSION]]) };
}

/** Whether the viewer has a permission on an account. */
export function may(viewer: Viewer, permission: Permission, accountId: AccountId): boolean {
  return (
    grants(viewer.onEveryAccount, permission) || grants(viewer.onAccounts.get(accountId) ?? NONE, permission)
  );
}

/** A connection is visible to whoever may read either of its accounts. What is not visible does not exist for the viewer. */
export function maySee(
  viewer: Viewer,
  {
    managementAccountId,
    environmentAccountId,
  }: Pick<Connection, 'managementAccountId' | 'environmentAccountId'>,
): boolean {
  return may(viewer, 'read', managementAccountId) || may(viewer, 'read', environmentAccountId);
}

/** The accounts that the viewer may read, or `'every'`. */
export function readableAccounts(viewer: Viewer): 'every' | readonly AccountId[] {
  return grants(viewer.onEveryAccount, 'read') ? 'every' : accountsGranting(viewer, 'read');
}

/** The one account on which the viewer may write: "the caller's own". Undefined where there is none, or more than one. */
export function ownAccount(viewer: Viewer): AccountId | undefined {
  if (grants(viewer.onEveryAccount, 'write')) return undefined;
  const [own, ...others] = accountsGranting(viewer, 'write');
  return others.length === 0 ? own : undefined;
}

function accountsGranting(viewer: Viewer, permission: Permission): AccountId[] {
  return [...viewer.onAccounts]
    .filter(([, granted]) => grants(granted, permission))
    .map(([accountId]) => accountId);
}

function grants(granted: ReadonlySet<Permission>, permission: Permission): boolean {
  return permission === 'read' ? granted.size > 0 : granted.has(permission);
}
