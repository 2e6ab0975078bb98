import { HeaderMap, type ApolloServerPlugin, type GraphQLRequestListener } from '@apollo/server';
import { GraphQLError, type GraphQLSchema } from 'graphql';

import type { DocumentLimits } from '../limits/document-limits';
import { costWithin, rememberedCosts } from '../limits/judge-operation';
import { refuseLongLists } from '../limits/variable-lists';
import { RequestError } from '../request-error';
import type { GraphqlContext } from './graphql-context';

/** Characters of an operation's name that are kept. */
const MOST_OF_A_NAME = 100;

/** Root fields that name what is asked for; more are "several". */
const MOST_ROOT_FIELDS = 3;

/**
 * Judges what a valid document asks for with its variables, before any of it is carried out, and says in the request's record
 * what is asked for.
 */
export function guardDocuments(
  schema: GraphQLSchema,
  limits: DocumentLimits,
): ApolloServerPlugin<GraphqlContext> {
  const costOf = rememberedCosts(schema);

  const listener: GraphQLRequestListener<GraphqlContext> = {
    async didResolveOperation({ document, operation, request, contextValue: { record, begin, spend } }) {
      // Execution says what is wrong with a document that has no such operation.
      if (!operation) return;
      if (!schema.getRootType(operation.operation)) throw notOffered(operation.operation);
      const costed = costOf(document, operation);
      record.operation = nameOf(costed.rootFields);
      record.operationName = operation.name?.value.slice(0, MOST_OF_A_NAME);
      const { variables = {} } = request;
      const cost = costWithin(limits, costed, variables);
      refuseLongLists(variables, limits.representations);
      try {
        await begin(cost);
        await spend(cost);
      } catch (refusal) {
        throw refusal instanceof RequestError ? graphqlErrorOf(refusal) : refusal;
      }
    },
  };
  return { requestDidStart: () => Promise.resolve(listener) };
}

function notOffered(kind: string): GraphQLError {
  return new GraphQLError(`There is no ${kind} in this schema.`, {
    extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } },
  });
}

/** Gateways put a `__typename` beside what they ask for. */
function nameOf(rootFields: readonly string[]): string {
  const asked = rootFields.filter((name) => name !== '__typename');
  if (asked.length === 0) return '__typename';
  return asked.length > MOST_ROOT_FIELDS ? 'several' : asked.join(',');
}

/** The same refusal, as it travels from within Apollo Server. */
function graphqlErrorOf({ statusCode: status, code, message, headers }: RequestError): GraphQLError {
  const http: object = { status, headers: new HeaderMap(Object.entries(headers)) };
  return new GraphQLError(message, { extensions: { code, http } });
}
