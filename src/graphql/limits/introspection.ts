import type { GraphQLSchema } from 'graphql';
import { isIntrospectionType, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';

/**
 * Whether a root field asks about the schema. Only there: a field that a document calls so anywhere else is unknown, and its
 * selections count like all others.
 */
export function isIntrospectionRoot(field: string): boolean {
  return field === '__schema' || field === '__type';
}

/**
 * What asking about the schema costs, however much of it is asked for: as many objects as the schema has types and fields. How
 * far such a question may go round in circles is for graphql-js's own rule to say.
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
