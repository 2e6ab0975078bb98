import type { OperationVariables, TypedDocumentNode } from '@apollo/client';
import { useApolloClient } from '@apollo/client/react';
import { useCallback, useMemo, useState, useSyncExternalStore } from 'react';
import { toFailure, type Failure } from '../graphql/failure';

export interface LiveResult<Data> {
  /** What was read last with these variables; undefined until something was. */
  readonly data: Data | undefined;
  /** Why the last reading failed, undefined if it did not. Data of an earlier one may be there all the same. */
  readonly failure: Failure | undefined;
  readonly loading: boolean;
  readonly refetch: () => void;
}

/**
 * A query that stays current while it is on the page. A failure leaves the data that is there. In place of Apollo's
 * `useQuery`, which either renders the page twice each time it is read again, or shows the data of other variables.
 */
export function useLiveQuery<Data, Variables extends OperationVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  { skip = false }: { readonly skip?: boolean } = {},
): LiveResult<Data> {
  const client = useApolloClient();
  const key = JSON.stringify(variables);
  const watched = useMemo(
    () =>
      skip
        ? undefined
        : client.watchQuery({
            query,
            variables: JSON.parse(key) as Variables,
            notifyOnNetworkStatusChange: false,
          }),
    [client, query, key, skip],
  );
  const subscribe = useCallback(
    (listener: () => void) => {
      const subscription = watched?.subscribe(listener);
      return () => {
        subscription?.unsubscribe();
      };
    },
    [watched],
  );
  const result = useSyncExternalStore(subscribe, () => watched?.getCurrentResult());
  const refetch = useCallback(() => {
    watched?.refetch().catch(() => undefined);
  }, [watched]);

  // A result that is an error has no data.
  const [last, setLast] = useState<{ readonly of: unknown; readonly data: Data }>();
  const read = result?.data as Data | undefined;
  if (read !== undefined && (last?.data !== read || last.of !== watched))
    setLast({ of: watched, data: read });
  const data = read ?? (watched !== undefined && last?.of === watched ? last.data : undefined);
  return {
    data,
    failure: result?.error ? toFailure(result.error) : undefined,
    loading: data === undefined && !result?.error,
    refetch,
  };
}
