import type { CountQuery, Visibility } from '../../store';

/**
 * A condition on connections, with `visibleParameter` as its parameter. In SQL, so that of what is not visible not even the
 * columns are read; and of one text for all viewers.
 */
export const VISIBLE = `(
  @visible IS NULL
  OR management_account_id IN (SELECT value FROM json_each(@visible))
  OR environment_account_id IN (SELECT value FROM json_each(@visible))
)`;

export interface VisibleParameter {
  readonly visible: string | null;
}

export function visibleParameter(visibleTo: Visibility): VisibleParameter {
  return { visible: visibleTo === 'every' ? null : JSON.stringify(visibleTo) };
}

/**
 * The accounts that a selection must be limited to. A viewer sees all connections of an account that they may read, so a selection
 * within such an account needs no other limit.
 */
export function sufficientAccounts({ selection, visibleTo }: CountQuery): Visibility {
  if (visibleTo === 'every') return 'every';
  const { participation, managementAccountId, environmentAccountId } = selection;
  const within = [participation?.accountId, managementAccountId, environmentAccountId];
  return visibleTo.some((account) => within.includes(account)) ? 'every' : visibleTo;
}
