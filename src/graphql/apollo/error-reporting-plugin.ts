import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';

import { extensionCodeOf, hiddenCause, isInternalError, withoutNotice } from '../format-error';
import type { GraphqlContext } from '../graphql-context';

/**
 * Logs each error that responses hide, once, and records the first failure in the request log. Masked errors get the request id, which
 * finds the log line.
 * @param maxValidationErrors in a response; graphql-js appends a notice that it stopped there
 */
export function errorReportingPlugin(maxValidationErrors: number): ApolloServerPlugin<GraphqlContext> {
  return {
    requestDidStart: () => Promise.resolve(reporter(maxValidationErrors)),
    unexpectedErrorProcessingRequest({ error, requestContext: { contextValue } }) {
      contextValue.reportFault(error);
      return Promise.resolve();
    },
  };
}

function reporter(maxValidationErrors: number): GraphQLRequestListener<GraphqlContext> {
  // A thousand references may share one failure.
  const reported = new Set<unknown>();

  return {
    didEncounterErrors({ errors, contextValue: { reportFault } }) {
      for (const error of errors) {
        const cause = hiddenCause(error);
        if (cause === undefined || reported.has(cause)) continue;
        reported.add(cause);
        reportFault(cause);
      }
      return Promise.resolve();
    },

    willSendResponse({ response: { body }, contextValue: { record } }) {
      if (body.kind !== 'single' || !body.singleResult.errors) return Promise.resolve();
      const { singleResult } = body;
      const errors = withoutNotice(body.singleResult.errors, maxValidationErrors);
      record.failure ??= extensionCodeOf(errors[0]);
      singleResult.errors = errors.map((error) =>
        isInternalError(error)
          ? { ...error, extensions: { ...error.extensions, requestId: record.id } }
          : error,
      );
      return Promise.resolve();
    },
  };
}
