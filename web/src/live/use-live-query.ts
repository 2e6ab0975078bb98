import type { OperationVariables, TypedDocumentNode } from '@apollo/client';
import { useQuery } from '@apollo/client/react';
import { useRef } from 'react';
import { toFailure, type Failure } from '../graphql/failure';

export interface LiveResult<Data> {
  /** What was read last with these variables; undefined until something was. */
  readonly data: Data | undefined;
  /** Why the last reading failed, undefined if it did not. Data of an earlier one may be there all the same. */
  readonly failure: Failure | undefined;
  readonly loading: boolean;
  readonly refetch: () => void;
}

/** A query that stays current while it is on the page. A failure leaves the data that is there. */
export function useLiveQuery<Data, Variables extends OperationVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  { skip = false }: { readonly skip?: boolean } = {},
): LiveResult<Data> {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- useQuery's overloads depend on whether variables are required, which is not known here
  const result = useQuery<Data, any>(query, { variables, skip });
  const key = JSON.stringify(variables);
  const last = useRef<{ readonly key: string; readonly data: Data } | undefined>(undefined);
  if (result.data !== undefined) last.current = { key, data: result.data as Data };
  const data = last.current?.key === key ? last.current.data : undefined;
  return {
    data: skip ? undefined : data,
    failure: result.error ? toFailure(result.error) : undefined,
    loading: data === undefined && !result.error,
    refetch: () => void result.refetch().catch(() => undefined),
  };
}
