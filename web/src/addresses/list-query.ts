import type {
  EnvironmentAccountConnectionFilter,
  EnvironmentAccountConnectionStatus,
  EnvironmentAccountConnectionTagFilter,
} from '../../../generated/console/graphql';
import type { ListName } from './addresses';

/** What narrows a list, as its address names it. */
export interface ListQuery {
  readonly statuses: readonly EnvironmentAccountConnectionStatus[];
  readonly region: string | undefined;
  /** A name, or the beginning of names with a `*` after it. No name has a `*`. */
  readonly environment: string | undefined;
  /** The account on the other side: the one that asked, or the one that was asked. */
  readonly otherAccount: string | undefined;
  readonly tags: readonly EnvironmentAccountConnectionTagFilter[];
}

const STATUSES: readonly EnvironmentAccountConnectionStatus[] = ['PENDING', 'CONNECTED', 'REJECTED'];
export const DEFAULT_ROWS = 20;
export const ROWS = [DEFAULT_ROWS, 50, 100] as const;

/** The parameter that names the account on the other side. */
export function otherAccountKey(list: ListName): 'environmentAccountId' | 'managementAccountId' {
  return list === 'received' ? 'environmentAccountId' : 'managementAccountId';
}

/** Reads a list's address; what it does not know is left out. */
export function readListQuery(query: URLSearchParams, list: ListName): ListQuery {
  return {
    statuses: STATUSES.filter((status) =>
      query.getAll('status').some((value) => value.toUpperCase() === status),
    ),
    region: query.get('region') ?? undefined,
    environment: query.get('environment') ?? undefined,
    otherAccount: query.get(otherAccountKey(list)) ?? undefined,
    tags: query.getAll('tag').map(readTag),
  };
}

/** Puts what narrows a list into its address, from the first page on. What else the address says stays. */
export function writeListQuery(query: URLSearchParams, list: ListName, values: ListQuery): URLSearchParams {
  const written = new URLSearchParams(query);
  const set = (key: string, entries: readonly (string | undefined)[]): void => {
    written.delete(key);
    for (const entry of entries) if (entry !== undefined) written.append(key, entry);
  };
  set('status', values.statuses);
  set('region', [values.region]);
  set('environment', [values.environment]);
  set(otherAccountKey(list), [values.otherAccount]);
  set('tag', values.tags.map(writeTag));
  written.delete('after');
  return written;
}

/** The filter of the server's list. @param account the account one acts as; undefined for all */
export function toFilter(
  { statuses, region, environment, otherAccount, tags }: ListQuery,
  list: ListName,
  account: string | undefined,
): EnvironmentAccountConnectionFilter {
  return {
    ...ofAccount(list, account),
    ...(statuses.length > 0 && { statuses: [...statuses] }),
    ...(region !== undefined && { region }),
    ...(environment !== undefined && byName(environment)),
    ...(otherAccount !== undefined && { [otherAccountKey(list)]: otherAccount }),
    ...(tags.length > 0 && { tags: [...tags] }),
  };
}

/** What an account received, or sent. */
export function ofAccount(list: ListName, account: string | undefined): EnvironmentAccountConnectionFilter {
  if (account === undefined) return {};
  return list === 'received' ? { managementAccountId: account } : { environmentAccountId: account };
}

function byName(environment: string): EnvironmentAccountConnectionFilter {
  return environment.endsWith('*')
    ? { environmentNamePrefix: environment.slice(0, -1) }
    : { environmentName: environment };
}

/** `key:value`, or `key` for any value. A colon in the key is written as `%3A`. */
export function writeTag({ key, value }: EnvironmentAccountConnectionTagFilter): string {
  const name = key.replaceAll(':', '%3A');
  return value == null ? name : `${name}:${value}`;
}

export function readTag(text: string): EnvironmentAccountConnectionTagFilter {
  const colon = text.indexOf(':');
  const key = (name: string): string => name.replaceAll(/%3A/gi, ':');
  return colon < 0 ? { key: key(text) } : { key: key(text.slice(0, colon)), value: text.slice(colon + 1) };
}

/** How many rows a page has: as the address says, else as the preferences do. */
export function readRows(query: URLSearchParams, preferred: number): number {
  const rows = Number(query.get('rows'));
  return ROWS.find((size) => size === rows) ?? preferred;
}
