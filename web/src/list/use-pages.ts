import { useApolloClient } from '@apollo/client/react';
import { useEffect } from 'react';
import type { EnvironmentAccountConnectionFilter } from '../../../generated/console/graphql';
import { useNavigation } from '../addresses/use-navigation';
import type { ConnectionListQuery } from '../../../generated/console/graphql';
import { operation } from '../graphql/operation';
import { useLiveQuery, type LiveResult } from '../live/use-live-query';
import type { PagerProps } from './pager';

const QUERY = operation('ConnectionList');

/** The pages that were shown since the console was opened, by the cursor that they begin after. */
interface KnownPage {
  readonly number: number;
  /** The cursor of the page before it; null for the first page. */
  readonly previous: string | null;
}
const knownPages = new Map<string, KnownPage>();

export interface Pages extends LiveResult<ConnectionListQuery> {
  readonly pager: PagerProps;
}

/**
 * The page of a list that the address names.
 * @param rows on a page
 */
export function usePages(filter: EnvironmentAccountConnectionFilter, rows: number): Pages {
  const { path, query, go } = useNavigation();
  const after = query.get('after');
  const variables = { filter, first: rows, after };
  const result = useLiveQuery(QUERY, variables);
  useForgetting(variables);

  const endCursor = result.data?.environmentAccountConnections?.pageInfo.endCursor;
  const hasNext = result.data?.environmentAccountConnections?.pageInfo.hasNextPage === true;
  const known = after === null ? { number: 1, previous: null } : knownPages.get(after);
  const goTo = (cursor: string | null): void => {
    const to = new URLSearchParams(query);
    if (cursor === null) to.delete('after');
    else to.set('after', cursor);
    go(path, to);
  };
  return {
    ...result,
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
        hasNext && endCursor != null
          ? () => {
              if (known) knownPages.set(endCursor, { number: known.number + 1, previous: after });
              goTo(endCursor);
            }
          : undefined,
    },
  };
}

/** Drops a page from the cache when another takes its place, so that paging on for hours takes no more memory. */
function useForgetting(variables: object): void {
  const client = useApolloClient();
  const key = JSON.stringify(variables);
  useEffect(
    () => () => {
      client.cache.evict({
        id: 'ROOT_QUERY',
        fieldName: 'environmentAccountConnections',
        args: JSON.parse(key) as Record<string, unknown>,
      });
      client.cache.gc();
    },
    [client, key],
  );
}
