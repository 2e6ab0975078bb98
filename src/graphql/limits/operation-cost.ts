import {
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

import { productOf, sumOf, type Amount } from './cost-expression';
import { valuesIn } from './arguments';
import { fieldCosts } from './field-costs';
import { costOfIntrospection, isIntrospectionRoot } from './introspection';
import { listSizeOf, representationCount } from './list-sizes';

/** What can be known of an operation before its variables are. */
export interface CostedOperation {
  /** In objects that are read at the most; a write counts as the ten that the schema says. */
  readonly cost: Amount;
  /** Of entities, in all `_entities` together. */
  readonly representations: Amount;
  /** The names of its root fields, each once, in their order. */
  readonly rootFields: readonly string[];
}

export type FragmentsByName = ReadonlyMap<string, FragmentDefinitionNode>;

const ENTITIES = '_entities';

/** Makes a function that works out what operations of this schema cost. They must be valid, and not too large. */
export function createOperationCosting(
  schema: GraphQLSchema,
): (operation: OperationDefinitionNode, fragments: FragmentsByName) => CostedOperation {
  const costOf = fieldCosts(schema);
  const introspection = costOfIntrospection(schema);

  return (operation, fragments) => {
    const values = valuesIn(operation);
    const rootFields = new Set<string>();
    const representations: Amount[] = [];

    /** Calls back for each field in a selection set, with its parent's type and with whether it is there at all. */
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

    /** @param sized the fields whose length the parent's arguments give, which is `size` */
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

    /** @param sizeFromParent how long it is, where the parent says so */
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
