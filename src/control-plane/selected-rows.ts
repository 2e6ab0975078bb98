import { ConnectionStatus } from '../proton/connection';
import type { NormalizedSelection } from '../proton/page';
import { MAX_TAGS } from '../proton/validation/parse-inputs';
import type { ConnectionRow } from './connection-rows';
import type { CountQuery, Visibility } from './store';

/** What every store must know to read the rows of a list or a count. */

/** The columns that a list can filter by. */
export type ListColumn = keyof Pick<
  ConnectionRow,
  'management_account_id' | 'environment_account_id' | 'environment_name' | 'region' | 'status'
>;

/** The values that a row must have. `status` may list several; other columns have one. */
export type Conditions = ReadonlyMap<ListColumn, readonly string[]>;

/** Values are as the client sent them. One that no row can have matches nothing. */
export function conditionsOf(selection: NormalizedSelection): Conditions {
  const conditions = new Map<ListColumn, readonly string[]>();
  const equal = (column: ListColumn, value: string | null) => {
    if (value !== null) conditions.set(column, [value]);
  };
  equal('management_account_id', selection.managementAccountId);
  equal('environment_account_id', selection.environmentAccountId);
  equal('environment_name', selection.environmentName);
  equal('region', selection.region);
  const { statuses } = selection;
  // All statuses together don't filter.
  const isEvery = statuses?.length === Object.keys(ConnectionStatus).length;
  if (statuses !== null && !isEvery) conditions.set('status', statuses);
  return conditions;
}

/** What a selection asks for beyond the values of columns. */
export interface Narrowing {
  /** The beginning of the environment's name. */
  readonly namePrefix: string | undefined;
  /** Texts that the column `tags` must contain. */
  readonly tagTexts: readonly string[];
}

/**
 * Undefined when no row can match.
 *
 * A tag consists of letters, digits, spaces and a few characters that JSON does not escape, and stores write tags as
 * `JSON.stringify` does, the key first. So a row has a tag exactly when `tags` contains the tag's JSON.
 */
export function narrowingOf({
  environmentName,
  environmentNamePrefix: prefix,
  tags = [],
}: NormalizedSelection): Narrowing | undefined {
  const isNameExcluded = prefix !== undefined && environmentName?.startsWith(prefix) === false;
  const texts = new Map<string, string>();
  for (const { key, value } of tags) {
    // Any value: its text begins like that of each value.
    const text = value === null ? JSON.stringify({ key }).slice(0, -1) + ',' : JSON.stringify({ key, value });
    const other = texts.get(key) ?? text;
    if (!text.startsWith(other) && !other.startsWith(text)) return undefined;
    texts.set(key, text.length > other.length ? text : other);
  }
  if (isNameExcluded || texts.size > MAX_TAGS) return undefined;
  return {
    namePrefix: environmentName === null ? prefix : undefined,
    tagTexts: [...texts.values()],
  };
}

/** Greater than every name that begins with the prefix: names consist of letters, digits, "_" and "-". */
export function endOfPrefix(prefix: string): string {
  return `${prefix}~`;
}

/**
 * The accounts to which a query must be limited. A viewer sees every connection of an account that they may read, so a selection
 * within such an account needs no further limit.
 */
export function sufficientAccounts({ selection, visibleTo }: CountQuery): Visibility {
  if (visibleTo === 'every') return 'every';
  const { participation, managementAccountId, environmentAccountId } = selection;
  const within = [participation?.accountId, managementAccountId, environmentAccountId];
  return visibleTo.some((account) => within.includes(account)) ? 'every' : visibleTo;
}
