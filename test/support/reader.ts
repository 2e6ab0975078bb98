import type { Permission, Viewer } from '../../src/proton/viewer';
import { account } from './proton';

/** A viewer who may read the connections of these accounts, and no more. */
export function reader(...accounts: readonly string[]): Viewer {
  const read: ReadonlySet<Permission> = new Set(['read']);
  return {
    subject: 'reader',
    onEveryAccount: new Set(),
    onAccounts: new Map(accounts.map((id) => [account(id), read])),
  };
}
