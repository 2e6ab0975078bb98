import {
  Kind,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';

import { amountIn, type VariableValues } from './cost-expression';
import { counted, ExcessError, type DocumentLimits } from './document-limits';
import { createOperationCosting, type CostedOperation, type FragmentsByName } from './operation-cost';

/**
 * Makes a function that works out what an operation of a valid document costs. That is done once, and remembered as long as the
 * document is: Apollo Server keeps those that it has seen. A request for a known one costs what its variables make of it.
 */
export function rememberedCosts(
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
 * Judges a request for an operation by what its variables ask for, and answers what it costs.
 * @throws ExcessError
 */
export function costWithin(
  limits: Pick<DocumentLimits, 'cost' | 'representations'>,
  operation: CostedOperation,
  variables: VariableValues,
): number {
  const representations = amountIn(operation.representations, variables);
  if (representations > limits.representations) {
    throw new ExcessError(
      'TOO_MANY_REPRESENTATIONS',
      `The request has ${counted(representations, 'representation')} of entities; ${limits.representations.toLocaleString('en')} are allowed. Ask for them in several requests.`,
    );
  }
  const cost = amountIn(operation.cost, variables);
  if (cost > limits.cost) {
    throw new ExcessError(
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
