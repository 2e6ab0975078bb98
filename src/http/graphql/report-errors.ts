import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import type { GraphQLFormattedError } from 'graphql';

import { concealedIn, isFault } from '../../subgraph/format-error';
import type { GraphqlContext } from './graphql-context';

/**
 * Tells the log what answers conceal, each thing once, and notes the first failure in the request's record. A masked error gets
 * the id by which the log line is found.
 * @param mostValidationErrors that are told; graphql-js adds to them that it has stopped looking
 */
export function reportErrors(mostValidationErrors: number): ApolloServerPlugin<GraphqlContext> {
  // A thousand references may share one failure, and so may requests.
  const told = new WeakSet<object>();

  const listener: GraphQLRequestListener<GraphqlContext> = {
    didEncounterErrors({ errors, contextValue: { reportFault } }) {
      for (const error of errors) {
        const concealed = concealedIn(error);
        if (concealed === undefined || wasTold(concealed)) continue;
        reportFault(concealed);
      }
      return Promise.resolve();
    },

    willSendResponse({ response: { body }, contextValue: { record } }) {
      if (body.kind !== 'single' || !body.singleResult.errors) return Promise.resolve();
      const { singleResult } = body;
      const errors = withoutNotice(body.singleResult.errors, mostValidationErrors);
      record.failure ??= codeOf(errors[0]);
      singleResult.errors = errors.map((error) =>
        isFault(error) ? { ...error, extensions: { ...error.extensions, requestId: record.id } } : error,
      );
      return Promise.resolve();
    },
  };

  function wasTold(concealed: unknown): boolean {
    if (typeof concealed !== 'object' || concealed === null) return false;
    if (told.has(concealed)) return true;
    told.add(concealed);
    return false;
  }

  return {
    requestDidStart: () => Promise.resolve(listener),
    unexpectedErrorProcessingRequest({ error, requestContext: { contextValue } }) {
      contextValue.reportFault(error);
      return Promise.resolve();
    },
  };
}

function withoutNotice(
  errors: readonly GraphQLFormattedError[],
  mostValidationErrors: number,
): readonly GraphQLFormattedError[] {
  const last = errors.at(-1);
  const isNotice = errors.length === mostValidationErrors + 1 && codeOf(last) === 'GRAPHQL_VALIDATION_FAILED';
  return isNotice ? errors.slice(0, -1) : errors;
}

function codeOf(error: GraphQLFormattedError | undefined): string | undefined {
  const code = error?.extensions?.['code'];
  return typeof code === 'string' ? code : undefined;
}
