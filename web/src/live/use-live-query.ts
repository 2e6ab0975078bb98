import type { OperationVariables, TypedDocumentNode } from '@apollo/client';
import { useQuery } from '@apollo/client/react';
import { useState } from 'react';
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
  const result = useQuery(query as TypedDocumentNode<Data>, { variables, skip });
  const key = JSON.stringify(variables);
  const [last, setLast] = useState<{ readonly key: string; readonly data: Data }>();
  const read = result.data;
  if (read !== undefined && (last?.data !== read || last.key !== key)) setLast({ key, data: read });
  const data = read ?? (last?.key === key ? last.data : undefined);
  return {
    data: skip ? undefined : data,
    failure: result.error ? toFailure(result.error) : undefined,
    loading: data === undefined && !result.error,
    refetch: () => void result.refetch().catch(() => undefined),
  };
}
