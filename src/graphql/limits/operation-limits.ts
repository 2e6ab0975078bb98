import { GraphQLError, type DocumentNode, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';

import type { VariableValues } from './cost-expression';
import type { DocumentLimits } from './document-limits';
import { refuseLongLists } from './list-sizes';
import { cachedCosts, checkCost, type CostedOperation } from './operation-cost';

/** Characters of an operation's name in the request log. */
const MAX_OPERATION_NAME = 100;

/** Root fields that the request log names; more are "several". */
const MAX_ROOT_FIELDS = 3;

/** A valid operation, as the limits and the request log see it. */
export interface DescribedOperation {
  readonly costed: CostedOperation;
  /** The root fields that it selects. */
  readonly label: string;
  /** Its name in the document. */
  readonly name: string | undefined;
}

/** Checks operations before they execute. Apollo Server and compiled operations use the same one. */
export interface OperationLimits {
  /** @throws GraphQLError `BAD_USER_INPUT` if the schema has no operations of this type */
  readonly describe: (document: DocumentNode, operation: OperationDefinitionNode) => DescribedOperation;
  /**
   * Checks an operation with its variables, and returns its cost.
   * @throws DocumentLimitError; GraphQLError `BAD_USER_INPUT` for a list that is too long
   */
  readonly check: (operation: DescribedOperation, variables: VariableValues) => number;
}

export function createOperationLimits(schema: GraphQLSchema, limits: DocumentLimits): OperationLimits {
  const costOf = cachedCosts(schema);
  return {
    describe(document, operation) {
      if (!schema.getRootType(operation.operation)) throw unsupportedOperation(operation.operation);
      const costed = costOf(document, operation);
      return {
        costed,
        label: labelOf(costed.rootFields),
        name: operation.name?.value.slice(0, MAX_OPERATION_NAME),
      };
    },
    check({ costed }, variables) {
      const cost = checkCost(limits, costed, variables);
      refuseLongLists(variables, limits.representations);
      return cost;
    },
  };
}

function unsupportedOperation(kind: string): GraphQLError {
  return new GraphQLError(`There is no ${kind} in this schema.`, {
    extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } },
  });
}

/** Ignores `__typename`, which gateways add. */
function labelOf(rootFields: readonly string[]): string {
  const selected = rootFields.filter((name) => name !== '__typename');
  if (selected.length === 0) return '__typename';
  return selected.length > MAX_ROOT_FIELDS ? 'several' : selected.join(',');
}
