import type { EpochMilliseconds } from '../../proton/connection';
import type { ListSource } from '../calls';
import { createLruMap } from '../lru-map';

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
