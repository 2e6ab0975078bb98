import { HeaderMap, type ApolloServerPlugin, type GraphQLRequestListener } from '@apollo/server';
import { GraphQLError, type GraphQLSchema } from 'graphql';

import type { DocumentLimits } from '../limits/document-limits';
import { cachedCosts, checkCost } from '../limits/operation-cost';
import { refuseLongLists } from '../limits/list-sizes';
import { RequestError } from '../request-error';
import type { GraphqlContext } from './graphql-context';

/** Characters of an operation's name in the request log. */
const MAX_OPERATION_NAME = 100;

/** Root fields that the request log names; more are "several". */
const MAX_ROOT_FIELDS = 3;

/**
 * Checks the cost of a valid document with its variables before it executes, waits for a slot if it is expensive, and charges the
 * user's rate limit. Records the operation in the request log.
 */
export function documentLimitsPlugin(
  schema: GraphQLSchema,
  limits: DocumentLimits,
): ApolloServerPlugin<GraphqlContext> {
  const costOf = cachedCosts(schema);

  const listener: GraphQLRequestListener<GraphqlContext> = {
    async didResolveOperation({
      document,
      operation,
      request,
      contextValue: { record, waitToExecute, chargeCost },
    }) {
      // Execution reports a document without that operation.
      if (!operation) return;
      if (!schema.getRootType(operation.operation)) throw unsupportedOperation(operation.operation);
      const costed = costOf(document, operation);
      record.operation = nameOf(costed.rootFields);
      record.operationName = operation.name?.value.slice(0, MAX_OPERATION_NAME);
      const { variables = {} } = request;
      const cost = checkCost(limits, costed, variables);
      refuseLongLists(variables, limits.representations);
      try {
        await waitToExecute(cost);
        await chargeCost(cost);
      } catch (error) {
        throw error instanceof RequestError ? graphqlErrorOf(error) : error;
      }
    },
  };
  return { requestDidStart: () => Promise.resolve(listener) };
}

function unsupportedOperation(kind: string): GraphQLError {
  return new GraphQLError(`There is no ${kind} in this schema.`, {
    extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } },
  });
}

/** Ignores `__typename`, which gateways add. */
function nameOf(rootFields: readonly string[]): string {
  const selected = rootFields.filter((name) => name !== '__typename');
  if (selected.length === 0) return '__typename';
  return selected.length > MAX_ROOT_FIELDS ? 'several' : selected.join(',');
}

/** Converts an HTTP error to the GraphQL error that makes Apollo Server send the same response. */
function graphqlErrorOf({ statusCode: status, code, message, headers }: RequestError): GraphQLError {
  const http: object = { status, headers: new HeaderMap(Object.entries(headers)) };
  return new GraphQLError(message, { extensions: { code, http } });
}
