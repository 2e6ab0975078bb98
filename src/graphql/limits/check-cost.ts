import {
  Kind,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';

import { amountIn, type VariableValues } from './cost-expression';
import { counted, DocumentLimitError, type DocumentLimits } from './document-limits';
import { createOperationCosting, type CostedOperation, type FragmentsByName } from './operation-cost';

/**
 * Creates a function that calculates the cost of an operation in a valid document, as an expression of its variables. The expression
 * is cached as long as Apollo Server caches the document.
 */
export function cachedCosts(
  schema: GraphQLSchema,
): (document: DocumentNode, operation: OperationDefinitionNode) => CostedOperation {
  const costing = createOperationCosting(schema);
  const known = new WeakMap<OperationDefinitionNode, CostedOperation>();
  return (document, operation) => {
    let costed = known.get(operation);
    if (!costed) known.set(operation, (costed = costing(operation, fragmentsOf(document))));
    return costed;
  };
}

/**
 * Checks a request against the limits, and returns its cost.
 * @throws DocumentLimitError
 */
export function checkCost(
  limits: Pick<DocumentLimits, 'cost' | 'representations'>,
  operation: CostedOperation,
  variables: VariableValues,
): number {
  const representations = amountIn(operation.representations, variables);
  if (representations > limits.representations) {
    throw new DocumentLimitError(
      'TOO_MANY_REPRESENTATIONS',
      `The request has ${counted(representations, 'representation')} of entities; ${limits.representations.toLocaleString('en')} are allowed. Ask for them in several requests.`,
    );
  }
  const cost = amountIn(operation.cost, variables);
  if (cost > limits.cost) {
    throw new DocumentLimitError(
      'TOO_EXPENSIVE',
      `The request costs ${cost.toLocaleString('en')}; ${limits.cost.toLocaleString('en')} is allowed. Ask for smaller pages, or for fewer lists within lists.`,
    );
  }
  return cost;
}

function fragmentsOf({ definitions }: DocumentNode): FragmentsByName {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  return fragments;
}
