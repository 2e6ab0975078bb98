import type { Visibility } from '../../store';

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
