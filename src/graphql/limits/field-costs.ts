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

/** What the schema's `@cost` and `@listSize` say of a field. */
export interface FieldCost {
  /** Of one item, without what is selected in it. */
  readonly weight: number;
  readonly isList: boolean;
  /** The arguments that say how long the list is; the greatest counts. */
  readonly slicingArguments: readonly string[];
  /** Where this field is no list itself: the fields in it that are. */
  readonly sizedFields: ReadonlySet<string>;
}

export type CostOf = (field: GraphQLField<unknown, unknown>) => FieldCost;

const COST = z.object({ weight: z.coerce.number() });
const LIST_SIZE = z.object({
  slicingArguments: z.array(z.string()).nullish(),
  sizedFields: z.array(z.string()).nullish(),
});

/**
 * Reads the costs of fields off the schema, each once. Where nothing is said, an object weighs 1 and a scalar or enum nothing,
 * as in the IBM cost directive specification and in the demand control of Apollo's and Hive's routers.
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

/**
 * Whether a root field is introspection. Anywhere else a field of that name is unknown, and its selections count like any others.
 */
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
