import { AccountRole, type EpochMilliseconds } from '../../proton/connection';
import type { NormalizedSelection } from '../../proton/page';
import type { AccountId } from '../../proton/identifiers';
import { environmentNameRule } from '../../proton/validation/values';
import type { ListSource } from '../calls';
import { createLruMap } from '../lru-map';
import type { SessionScope } from '../session-scope';

/**
 * Returns the lists that together contain every connection of a selection. If the selection names the account of one role and that
 * account can be searched, its list in that role is enough. Otherwise every account is searched in every possible role: this also
 * finds the connections of an account that can't be searched, in the lists of their other accounts.
 */
export function sourcesFor(
  selection: NormalizedSelection,
  { searchAccounts, regions }: Pick<SessionScope, 'searchAccounts' | 'regions'>,
): readonly ListSource[] {
  const { environmentName, statuses } = selection;
  // For Proton an invalid name is an error; in the port such a filter matches nothing.
  if (environmentName !== null && !('value' in environmentNameRule(environmentName))) return [];
  const inRegions = regions.filter((region) => selection.region === null || region === selection.region);
  return accountsAndRoles(selection, searchAccounts).flatMap(([accountId, role]) =>
    inRegions.map((region) => ({ accountId, region, role, environmentName, statuses })),
  );
}

function accountsAndRoles(
  { participation, managementAccountId, environmentAccountId }: NormalizedSelection,
  searchAccounts: ReadonlySet<AccountId>,
): readonly (readonly [AccountId, AccountRole])[] {
  const accounts = [...searchAccounts];
  const searchable = (name: string | null) => accounts.find((account) => account === name);
  const pinned = (role: AccountRole, filtered: string | null) =>
    participation?.role === role ? participation.accountId : filtered;
  const managementId = pinned('MANAGEMENT_ACCOUNT', managementAccountId);
  const environmentId = pinned('ENVIRONMENT_ACCOUNT', environmentAccountId);

  const environmentAccount = searchable(environmentId);
  if (environmentAccount !== undefined) return [[environmentAccount, 'ENVIRONMENT_ACCOUNT']];
  const managementAccount = searchable(managementId);
  if (managementAccount !== undefined) return [[managementAccount, 'MANAGEMENT_ACCOUNT']];

  const roles = Object.values(AccountRole).filter((role) =>
    // An account's list contains only connections in which it has the requested role. Skip the role if the selection names another
    // account for it.
    role === 'ENVIRONMENT_ACCOUNT' ? environmentId === null : managementId === null,
  );
  const participant = searchable(participation?.accountId ?? null);
  const searched = participant === undefined ? accounts : [participant];
  return searched.flatMap((account) => roles.map((role) => [account, role] as const));
}

/** The token of a page. Everything on the pages before it was requested at `requestedAt` or later. */
interface PageToken {
  readonly requestedAt: EpochMilliseconds;
  readonly nextToken: string;
}

/**
 * Remembers the page tokens of lists across requests, so that a read far down a list can start near its position instead of at the
 * top. It holds no connections: a token makes a read shorter and never changes its result. A list looks the same to all viewers
 * for whom it is read, so they share the tokens.
 */
export interface PageTokens {
  /** The token of the last page that is sure to start before everything requested at `requestedAt` or earlier. */
  readonly lastBefore: (source: ListSource, requestedAt: EpochMilliseconds) => PageToken | undefined;
  readonly add: (source: ListSource, token: PageToken) => void;
  /** Drops the tokens of a list, because Proton no longer accepts them. */
  readonly forget: (source: ListSource) => void;
}

const MAX_LISTS = 500;
const MAX_TOKENS_PER_LIST = 200;

export function createPageTokens(): PageTokens {
  const lists = createLruMap<string, PageToken[]>(MAX_LISTS);
  return {
    lastBefore: (source, requestedAt) =>
      lists
        .get(keyOf(source))
        // Not >=: connections that were requested in the same millisecond have no known order.
        ?.filter((token) => token.requestedAt > requestedAt)
        .at(-1),
    add(source, token) {
      const known = lists.get(keyOf(source)) ?? [];
      const others = known.filter(({ requestedAt }) => requestedAt !== token.requestedAt);
      const tokens = [...others, token].sort((a, b) => b.requestedAt - a.requestedAt);
      lists.set(keyOf(source), tokens.length > MAX_TOKENS_PER_LIST ? everySecond(tokens) : tokens);
    },
    forget: (source) => {
      lists.delete(keyOf(source));
    },
  };
}

/** With half of the tokens, reads start at most one page earlier. */
function everySecond(tokens: readonly PageToken[]): PageToken[] {
  return tokens.filter((_, index) => index % 2 === 0);
}

function keyOf({ accountId, region, role, environmentName, statuses }: ListSource): string {
  return JSON.stringify([accountId, region, role, environmentName, statuses]);
}
