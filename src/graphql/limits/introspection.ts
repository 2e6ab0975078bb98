import type { GraphQLSchema } from 'graphql';
import { isIntrospectionType, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';

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
