import { useEffect } from 'react';
import type { EnvironmentAccountConnectionFilter } from '../../../generated/console/graphql';
import { useNavigation } from '../addresses/use-navigation';
import { useServices } from '../app/services';
import type { Connection } from '../connections/connection';
import { operation } from '../graphql/operation';
import { useLiveQuery, type LiveResult } from '../live/use-live-query';
import { usePageEnd } from './page-end';
import type { PagerProps } from './pager';

const QUERY = operation('ConnectionList');

/** The pages that were shown since the console was opened, by the cursor that they begin after. */
interface KnownPage {
  readonly number: number;
  /** The cursor of the page before it; null for the first page. */
  readonly previous: string | null;
}
const knownPages = new Map<string, KnownPage>();

/** Rows that are read beyond a page, so that it can grow. The server gives 100 at most. */
const ROOM_TO_GROW = 20;
const MAX_ROWS = 100;

export interface Pages extends Omit<LiveResult<unknown>, 'data'> {
  /** Undefined until they are read. */
  readonly connections: readonly Connection[] | undefined;
  /** How many connections the list has over all pages; null where the back end does not count. */
  readonly totalCount: number | null | undefined;
  readonly pager: PagerProps;
}

/**
 * The page of a list that the address names.
 * @param rows on a page
 */
export function usePages(filter: EnvironmentAccountConnectionFilter, rows: number): Pages {
  const { path, query, go } = useNavigation();
  const after = query.get('after');
  const variables = { filter, first: Math.min(MAX_ROWS, rows + ROOM_TO_GROW), after };
  const { data, ...rest } = useLiveQuery(QUERY, variables);
  useForgetting(variables);

  const page = data?.environmentAccountConnections;
  const place = JSON.stringify([variables, rows]);
  const { shown, next } = usePageEnd(page?.edges, page?.pageInfo.hasNextPage === true, rows, place);
  const known = after === null ? { number: 1, previous: null } : knownPages.get(after);
  const goTo = (cursor: string | null): void => {
    const to = new URLSearchParams(query);
    if (cursor === null) to.delete('after');
    else to.set('after', cursor);
    go(path, to);
  };
  const goOn = (cursor: string): void => {
    if (known) knownPages.set(cursor, { number: known.number + 1, previous: after });
    goTo(cursor);
  };
  return {
    ...rest,
    connections: page ? shown : undefined,
    totalCount: page?.totalCount,
    pager: {
      page: known?.number,
      onFirst:
        after === null
          ? undefined
          : () => {
              goTo(null);
            },
      onPrevious:
        after === null || !known
          ? undefined
          : () => {
              goTo(known.previous);
            },
      onNext:
        next === undefined
          ? undefined
          : () => {
              goOn(next);
            },
    },
  };
}

/** Drops a page from the cache when another takes its place, so that paging on for hours takes no more memory. */
function useForgetting(variables: object): void {
  const { cache } = useServices();
  const key = JSON.stringify(variables);
  useEffect(
    () => () => {
      cache.evict({
        id: 'ROOT_QUERY',
        fieldName: 'environmentAccountConnections',
        args: JSON.parse(key) as Record<string, unknown>,
      });
      // What it remembers of results holds on to rows that are gone.
      cache.gc({ resetResultCache: true });
    },
    [cache, key],
  );
}
