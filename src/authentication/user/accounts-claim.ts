import { isAccountId, type AccountId } from '../../proton/identifiers';
import type { Permission, Viewer } from '../../proton/viewer';

/** What a viewer may do, apart from who it is. */
export type Permissions = Pick<Viewer, 'onEveryAccount' | 'onAccounts'>;

/** Stands for every account. */
const EVERY = '*';

const PERMISSIONS = ['read', 'write', 'approve'] as const satisfies readonly Permission[];

export const NO_PERMISSIONS: Permissions = { onEveryAccount: new Set(), onAccounts: new Map() };

/**
 * Reads the claim that says what a person may do: permissions by account, as in `{"111111111111": ["read", "approve"], "*": ["read"]}`;
 * or a list of accounts, or `["*"]`, on each of which everything is allowed.
 * @returns undefined where a part of it is malformed: who wrote it may have meant to take away what the rest would give
 */
export function readAccountsClaim(claim: unknown): Permissions | undefined {
  if (Array.isArray(claim)) return readAccountList(claim);
  if (typeof claim !== 'object' || claim === null) return undefined;
  let onEveryAccount: ReadonlySet<Permission> = new Set();
  const onAccounts = new Map<AccountId, ReadonlySet<Permission>>();
  for (const [account, words] of Object.entries(claim)) {
    const granted = readPermissions(words);
    if (granted === undefined) return undefined;
    if (account === EVERY) onEveryAccount = granted;
    else if (isAccountId(account)) onAccounts.set(account, granted);
    else return undefined;
  }
  return { onEveryAccount, onAccounts };
}

function readAccountList(accounts: readonly unknown[]): Permissions | undefined {
  const everything: ReadonlySet<Permission> = new Set(PERMISSIONS);
  if (accounts.length === 1 && accounts[0] === EVERY) {
    return { onEveryAccount: everything, onAccounts: new Map() };
  }
  const ids = accounts.filter((account) => typeof account === 'string' && isAccountId(account));
  if (ids.length < accounts.length) return undefined;
  return { onEveryAccount: new Set(), onAccounts: new Map(ids.map((id) => [id, everything])) };
}

function readPermissions(words: unknown): ReadonlySet<Permission> | undefined {
  if (!Array.isArray(words)) return undefined;
  const granted = PERMISSIONS.filter((permission) => words.includes(permission));
  return words.every((word) => granted.some((permission) => permission === word))
    ? new Set(granted)
    : undefined;
}
