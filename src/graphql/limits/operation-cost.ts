import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getNamedType,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

import { valuesIn } from './arguments';
import { type Amount, amountIn, productOf, sumOf, type VariableValues } from './cost-expression';
import { counted, DocumentLimitError, type DocumentLimits } from './document-limits';
import { costOfIntrospection, fieldCosts, isIntrospectionRoot } from './field-costs';
import { listSizeOf, representationCount } from './list-sizes';

/** The cost of an operation before its variables are known. */
export interface CostedOperation {
  /** The maximum number of objects read; a mutation counts as the weight that the schema gives it. */
  readonly cost: Amount;
  /** In all `_entities` fields together. */
  readonly representations: Amount;
  /** The names of its root fields, without duplicates, in order. */
  readonly rootFields: readonly string[];
}

export type FragmentsByName = ReadonlyMap<string, FragmentDefinitionNode>;

const ENTITIES = '_entities';

/** Creates a function that calculates the cost of operations on this schema. They must be valid, and within the shape limits. */
function createOperationCosting(
  schema: GraphQLSchema,
): (operation: OperationDefinitionNode, fragments: FragmentsByName) => CostedOperation {
  const costOf = fieldCosts(schema);
  const introspection = costOfIntrospection(schema);

  return (operation, fragments) => {
    const values = valuesIn(operation);
    const rootFields = new Set<string>();
    const representations: Amount[] = [];

    /** Sums the cost of each field in a selection set; `presence` is 0 when a directive skips it. */
    function collect(
      set: SelectionSetNode,
      type: GraphQLCompositeType,
      costOfField: (node: FieldNode, type: GraphQLCompositeType, presence: Amount) => Amount,
    ): Amount {
      return sumOf(
        set.selections.map((selection) => {
          const presence = values.presence(selection.directives);
          if (selection.kind === Kind.FIELD) {
            return productOf(presence, costOfField(selection, type, presence));
          }
          const fragment =
            selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
          if (!fragment) return 0;
          const narrowed = fragment.typeCondition && schema.getType(fragment.typeCondition.name.value);
          return productOf(
            presence,
            collect(
              fragment.selectionSet,
              isCompositeType(narrowed) ? narrowed : type,
              (node, parent, inner) => costOfField(node, parent, productOf(presence, inner)),
            ),
          );
        }),
      );
    }

    /** @param sized the list fields whose length, `size`, the parent's arguments determine */
    function costOfSelections(
      set: SelectionSetNode | undefined,
      type: GraphQLCompositeType,
      sized: ReadonlySet<string>,
      size: Amount,
    ): Amount {
      if (!set) return 0;
      return collect(set, type, (node, parent) => {
        const field = fieldOf(parent, node);
        return field ? costOfField(field, node, sized.has(node.name.value) ? size : undefined) : 0;
      });
    }

    /** @param sizeFromParent the list's length, when the parent's arguments determine it */
    function costOfField(
      field: GraphQLField<unknown, unknown>,
      node: FieldNode,
      sizeFromParent?: Amount,
    ): Amount {
      const cost = costOf(field);
      const size = sizeFromParent ?? listSizeOf(field, cost, node, values);
      const type = getNamedType(field.type);
      const inside = isCompositeType(type)
        ? costOfSelections(node.selectionSet, type, cost.sizedFields, size)
        : 0;
      return productOf(cost.isList ? size : 1, sumOf([cost.weight, inside]));
    }

    function costOfRootField(node: FieldNode, type: GraphQLCompositeType, presence: Amount): Amount {
      const name = node.name.value;
      rootFields.add(name);
      if (isIntrospectionRoot(name)) return introspection;
      const field = fieldOf(type, node);
      if (!field) return 0;
      if (name !== ENTITIES) return costOfField(field, node);
      const count = representationCount(node, values);
      representations.push(productOf(presence, count));
      return costOfField(field, node, count);
    }

    const root = schema.getRootType(operation.operation);
    const cost = root ? collect(operation.selectionSet, root, costOfRootField) : 0;
    return { cost, representations: sumOf(representations), rootFields: [...rootFields] };
  };
}

function fieldOf(
  type: GraphQLCompositeType,
  { name }: FieldNode,
): GraphQLField<unknown, unknown> | undefined {
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[name.value] : undefined;
}

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
