import type { Connection } from '../../../proton/connection';
import type { Visibility } from '../../store';

/**
 * An SQL condition for the connections that a viewer may see; its parameter is `visibleParameter`. The columns of other rows are never
 * read, and the text is the same for all viewers.
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

/** What a viewer may see, for SQL and for rows in memory. */
export interface Viewable extends VisibleParameter {
  readonly includes: (connection: Connection) => boolean;
}

export function viewableBy(visibleTo: Visibility): Viewable {
  if (visibleTo === 'every') return EVERYTHING;
  const accounts = new Set(visibleTo);
  return {
    ...visibleParameter(visibleTo),
    includes: ({ managementAccountId, environmentAccountId }) =>
      accounts.has(managementAccountId) || accounts.has(environmentAccountId),
  };
}

const EVERYTHING: Viewable = { visible: null, includes: () => true };
