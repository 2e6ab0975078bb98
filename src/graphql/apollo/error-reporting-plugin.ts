import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import type { GraphQLFormattedError } from 'graphql';

import { concealedIn, isFault } from '../format-error';
import type { GraphqlContext } from './graphql-context';

/**
 * Tells the log what answers conceal, each thing once, and notes the first failure in the request's record. A masked error gets
 * the id by which the log line is found.
 * @param mostValidationErrors that are told; graphql-js adds to them that it has stopped looking
 */
export function reportErrors(mostValidationErrors: number): ApolloServerPlugin<GraphqlContext> {
  return {
    requestDidStart: () => Promise.resolve(reporter(mostValidationErrors)),
    unexpectedErrorProcessingRequest({ error, requestContext: { contextValue } }) {
      contextValue.reportFault(error);
      return Promise.resolve();
    },
  };
}

/** Of one request. */
function reporter(mostValidationErrors: number): GraphQLRequestListener<GraphqlContext> {
  // A thousand references may share one failure.
  const told = new Set<unknown>();

  return {
    didEncounterErrors({ errors, contextValue: { reportFault } }) {
      for (const error of errors) {
        const concealed = concealedIn(error);
        if (concealed === undefined || told.has(concealed)) continue;
        told.add(concealed);
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
}

/** graphql-js begins so, of documents and of variables. */
const NOTICES = ['Too many validation errors', 'Too many errors processing variables'];

function withoutNotice(
  errors: readonly GraphQLFormattedError[],
  mostValidationErrors: number,
): readonly GraphQLFormattedError[] {
  const last = errors.at(-1);
  const isNotice =
    errors.length === mostValidationErrors + 1 && NOTICES.some((start) => last?.message.startsWith(start));
  return isNotice ? errors.slice(0, -1) : errors;
}

function codeOf(error: GraphQLFormattedError | undefined): string | undefined {
  const code = error?.extensions?.['code'];
  return typeof code === 'string' ? code : undefined;
}
