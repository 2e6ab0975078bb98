import { operation } from '../graphql/operation';
import { useLiveQuery } from '../live/use-live-query';
import type { Failure } from '../graphql/failure';

const QUERY = operation('ReadableAccounts');

export interface ReadableAccounts {
  /** In the order of their ids, 100 at most; undefined until they are read. */
  readonly accounts: readonly string[] | undefined;
  /** Whether there are more. */
  readonly hasMore: boolean;
  readonly failure: Failure | undefined;
  readonly refetch: () => void;
}

/**
 * The accounts that one may act as, kept current.
 * @param idPrefix the first digits of their ids; empty for all
 */
export function useReadableAccounts(idPrefix: string): ReadableAccounts {
  const { data, failure, refetch } = useLiveQuery(QUERY, { idPrefix });
  const page = data?.environmentAccountConnectionViewer?.readableAccounts;
  return {
    accounts: page?.nodes.map(({ id }) => id),
    hasMore: page?.pageInfo.hasNextPage ?? false,
    failure,
    refetch,
  };
}
