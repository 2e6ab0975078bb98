import { HeaderMap, type ApolloServerPlugin, type GraphQLRequestListener } from '@apollo/server';
import { GraphQLError, OperationTypeNode } from 'graphql';

import type { PreparedDocuments } from '../compiled/prepared-documents';
import type { OperationLimits } from '../limits/operation-limits';
import { RequestError } from '../request-error';
import type { GraphqlContext } from '../graphql-context';

/**
 * Checks the cost of a valid document with its variables before it executes, waits for a slot if it is expensive, and charges the
 * user's rate limit. Records the operation in the request log. Prepares documents that executed without an error.
 */
export function documentLimitsPlugin(
  limits: OperationLimits,
  prepared: PreparedDocuments,
): ApolloServerPlugin<GraphqlContext> {
  const listener: GraphQLRequestListener<GraphqlContext> = {
    async didResolveOperation({ document, operation, request, contextValue: { record, admit } }) {
      // Execution reports a document without that operation.
      if (!operation) return;
      const described = limits.describe(document, operation);
      record.operation = described.label;
      record.operationName = described.name;
      const cost = limits.check(described, request.variables ?? {});
      if (operation.operation === OperationTypeNode.SUBSCRIPTION) throw graphqlErrorOf(subscriptionRefused());
      try {
        await admit(cost);
      } catch (error) {
        throw error instanceof RequestError ? graphqlErrorOf(error) : error;
      }
    },

    willSendResponse({ document, operation, request, response: { body, http } }) {
      const succeeded =
        body.kind === 'single' && body.singleResult.errors === undefined && (http.status ?? 200) === 200;
      if (succeeded && document && operation && request.query !== undefined) {
        prepared.add(request.query, request.operationName, { document, operation });
      }
      return Promise.resolve();
    },
  };
  return { requestDidStart: () => Promise.resolve(listener) };
}

/** A response of HTTP is one result. Requests of a router for callbacks are handled before. */
function subscriptionRefused(): RequestError {
  return new RequestError(
    400,
    'SUBSCRIPTION_NOT_SUPPORTED',
    'A subscription needs a WebSocket with the protocol graphql-transport-ws, at this same URL, or the callback protocol of a router.',
  );
}

/** Converts an HTTP error to the GraphQL error that makes Apollo Server send the same response. */
function graphqlErrorOf({ statusCode: status, code, message, headers }: RequestError): GraphQLError {
  const http: object = { status, headers: new HeaderMap(Object.entries(headers)) };
  return new GraphQLError(message, { extensions: { code, http } });
}
