import { useEffect, useState } from 'react';
import type { WaitingQuery } from '../../../generated/console/graphql';
import type { ListName } from '../addresses/addresses';
import { ofAccount } from '../addresses/list-query';
import { useServices } from '../app/services';
import { operation } from '../graphql/operation';

const QUERY = operation('Waiting');
export const SHOWN = 5;
/** Pages of 100 that are read to reach the oldest: the server lists the newest first. */
const MAX_PAGES = 20;

type Waiting = NonNullable<WaitingQuery['environmentAccountConnections']>['nodes'][number];

interface LongestWaiting {
  /** Longest first; undefined until they are read. */
  readonly waiting: readonly Waiting[] | undefined;
  /** Whether there are more that wait than were read. */
  readonly isPartial: boolean;
}

/** @param version reads again when it changes */
export function useLongestWaiting(
  list: ListName,
  account: string | undefined,
  version: string,
): LongestWaiting {
  const { client } = useServices();
  const [found, setFound] = useState<LongestWaiting>({ waiting: undefined, isPartial: false });
  useEffect(() => {
    let stopped = false;
    const read = async (): Promise<void> => {
      let oldest: readonly Waiting[] = [];
      let after: string | null | undefined = null;
      let pages = 0;
      do {
        const variables: { filter: object; after?: string } = {
          filter: { ...ofAccount(list, account), statuses: ['PENDING'] },
          ...(after != null && { after }),
        };
        const { data } = await client.query({ query: QUERY, variables, fetchPolicy: 'no-cache' });
        const page: WaitingQuery['environmentAccountConnections'] | undefined =
          data?.environmentAccountConnections;
        oldest = [...oldest, ...(page?.nodes ?? [])].slice(-SHOWN);
        after = page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
        pages += 1;
      } while (after != null && pages < MAX_PAGES && !stopped);
      if (!stopped) setFound({ waiting: [...oldest].reverse(), isPartial: after != null });
    };
    // The overview says so when the server can't be read.
    read().catch(() => undefined);
    return () => {
      stopped = true;
    };
  }, [client, list, account, version]);
  return found;
}
