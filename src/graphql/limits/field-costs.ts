import {
  getDirectiveValues,
  getNamedType,
  getNullableType,
  type GraphQLDirective,
  type GraphQLField,
  type GraphQLSchema,
  isCompositeType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isObjectType,
} from 'graphql';
import { z } from 'zod';

/** What `@cost` and `@listSize` in the schema say about a field. */
export interface FieldCost {
  /** The cost of one item, without its selections. */
  readonly weight: number;
  readonly isList: boolean;
  /** The arguments that give the list's length; the largest value counts. */
  readonly slicingArguments: readonly string[];
  /** For a page type: its fields that are lists of that length. */
  readonly sizedFields: ReadonlySet<string>;
}

export type CostOf = (field: GraphQLField<unknown, unknown>) => FieldCost;

const COST = z.object({ weight: z.coerce.number() });
const LIST_SIZE = z.object({
  slicingArguments: z.array(z.string()).nullish(),
  sizedFields: z.array(z.string()).nullish(),
});

/**
 * Reads each field's cost from the schema once. By default an object costs 1, a scalar or enum 0, as in the IBM cost
 * directive specification and in the demand control of Apollo's and Hive's routers.
 */
export function fieldCosts(schema: GraphQLSchema): CostOf {
  const remembered = new WeakMap<GraphQLField<unknown, unknown>, FieldCost>();
  const cost = schema.getDirective('cost');
  const listSize = schema.getDirective('listSize');

  function read(field: GraphQLField<unknown, unknown>): FieldCost {
    const type = getNamedType(field.type);
    const ownWeight = COST.safeParse(valuesOf(cost, field)).data ?? COST.safeParse(valuesOf(cost, type)).data;
    const size = LIST_SIZE.safeParse(valuesOf(listSize, field)).data;
    return {
      weight: ownWeight?.weight ?? (isCompositeType(type) ? 1 : 0),
      isList: isListType(getNullableType(field.type)),
      slicingArguments: size?.slicingArguments ?? [],
      sizedFields: new Set(size?.sizedFields),
    };
  }

  return (field) => {
    let known = remembered.get(field);
    if (!known) remembered.set(field, (known = read(field)));
    return known;
  };
}

function valuesOf(
  directive: GraphQLDirective | null | undefined,
  { astNode }: { readonly astNode?: Parameters<typeof getDirectiveValues>[1] | null | undefined },
): unknown {
  return directive && astNode ? getDirectiveValues(directive, astNode) : undefined;
}

/** Whether a root field is introspection. Elsewhere a field with this name is an ordinary unknown field. */
export function isIntrospectionRoot(field: string): boolean {
  return field === '__schema' || field === '__type';
}

/**
 * The cost of introspection, whatever it selects: the number of types and fields of the schema. graphql-js's own rule bounds its
 * depth.
 */
export function costOfIntrospection(schema: GraphQLSchema): number {
  let definitions = 0;
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type)) continue;
    definitions += 1;
    if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) {
      definitions += Object.keys(type.getFields()).length;
    }
  }
  return definitions;
}
