import { isAccountId, type AccountId } from '../../proton/identifiers';
import type { Permission, Viewer } from '../../proton/viewer';

/** The permissions of a viewer, without its subject. */
export type Permissions = Pick<Viewer, 'onEveryAccount' | 'onAccounts'>;

/** The key in the claim that means every account. */
const EVERY_ACCOUNT = '*';

const PERMISSIONS = ['read', 'write', 'approve'] as const satisfies readonly Permission[];

export const NO_PERMISSIONS: Permissions = { onEveryAccount: new Set(), onAccounts: new Map() };

/**
 * Reads the claim that lists a user's permissions, in one of two forms:
 * - permissions by account, as in `{"111111111111": ["read", "approve"], "*": ["read"]}`
 * - a list of accounts, or `["*"]`, which grants every permission on each of them
 * @returns undefined if any part is malformed: the malformed part may have been meant as a restriction
 */
export function readAccountsClaim(claim: unknown): Permissions | undefined {
  if (Array.isArray(claim)) return readAccountList(claim);
  if (typeof claim !== 'object' || claim === null) return undefined;
  let onEveryAccount: ReadonlySet<Permission> = new Set();
  const onAccounts = new Map<AccountId, ReadonlySet<Permission>>();
  for (const [account, listed] of Object.entries(claim)) {
    const granted = readPermissions(listed);
    if (granted === undefined) return undefined;
    if (account === EVERY_ACCOUNT) onEveryAccount = granted;
    else if (isAccountId(account)) onAccounts.set(account, granted);
    else return undefined;
  }
  return { onEveryAccount, onAccounts };
}

function readAccountList(accounts: readonly unknown[]): Permissions | undefined {
  const all: ReadonlySet<Permission> = new Set(PERMISSIONS);
  if (accounts.length === 1 && accounts[0] === EVERY_ACCOUNT) {
    return { onEveryAccount: all, onAccounts: new Map() };
  }
  const ids = accounts.filter((account) => typeof account === 'string' && isAccountId(account));
  if (ids.length < accounts.length) return undefined;
  return { onEveryAccount: new Set(), onAccounts: new Map(ids.map((id) => [id, all])) };
}

function readPermissions(listed: unknown): ReadonlySet<Permission> | undefined {
  if (!Array.isArray(listed)) return undefined;
  const granted = PERMISSIONS.filter((permission) => listed.includes(permission));
  return listed.every((name) => granted.some((permission) => permission === name))
    ? new Set(granted)
    : undefined;
}
