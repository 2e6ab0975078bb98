import type { ApolloClient, OperationVariables, TypedDocumentNode } from '@apollo/client';
import type { FailureFieldsFragment } from '../../../generated/console/graphql';
import { toFailure, type Failure } from '../graphql/failure';

/** How an action ended. */
export type Result<Data> =
  | { readonly ok: true; readonly data: Data | null | undefined }
  | {
      readonly ok: false;
      /** The server's message, or why there was no answer. */
      readonly message: string;
      /** The code of the payload's error; undefined when the request failed as a whole. */
      readonly code?: FailureFieldsFragment['code'];
      readonly violations: FailureFieldsFragment['violations'];
      readonly failure?: Failure;
    };

interface Payload<Data> {
  readonly outcome?: { readonly data?: Data | null; readonly error?: FailureFieldsFragment | null } | null;
}

/**
 * Sends a mutation.
 * @param optimistic what to show until the server has answered; it goes back by itself when the action fails
 */
export async function perform<Data, Variables extends OperationVariables>(
  client: ApolloClient,
  mutation: TypedDocumentNode<Payload<Data>, Variables>,
  variables: Variables,
  optimistic?: object,
): Promise<Result<Data>> {
  try {
    const { data } = await client.mutate({
      mutation: mutation,
      variables,
      ...(optimistic && { optimisticResponse: optimistic }),
    });
    const error = data?.outcome?.error;
    if (!error) return { ok: true, data: data?.outcome?.data };
    return { ok: false, message: error.message, code: error.code, violations: error.violations };
  } catch (error) {
    const failure = toFailure(error);
    const message =
      failure.kind === 'unknown-outcome'
        ? `${failure.message} It may have happened all the same: the page shows what the server has.`
        : failure.message;
    return { ok: false, message, violations: [], failure };
  }
}
