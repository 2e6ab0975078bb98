import { GraphQLError, isUnionType, type GraphQLSchema } from 'graphql';

/**
 * Makes `_entities` reject representations of unknown types with BAD_USER_INPUT. The library throws a plain error, which would be
 * masked and logged as a fault of the server.
 */
export function rejectUnknownRepresentations(schema: GraphQLSchema): void {
  const field = schema.getQueryType()?.getFields()['_entities'];
  const union = schema.getType('_Entity');
  const resolve = field?.resolve;
  if (!resolve || !isUnionType(union)) throw new Error('the schema has no entities');

  const entities = new Set(union.getTypes().map(({ name }) => name));
  field.resolve = (source, args: { readonly representations: readonly unknown[] }, context, info) => {
    const index = args.representations.findIndex(
      (representation) => !entities.has(typeNameOf(representation)),
    );
    if (index !== -1) {
      throw new GraphQLError(
        `Invalid input: representations.${String(index)} must be an object whose __typename is ${[...entities].join(' or ')}.`,
        { extensions: { code: 'BAD_USER_INPUT' } },
      );
    }
    return resolve(source, args, context, info);
  };
}

function typeNameOf(representation: unknown): string {
  const isObject =
    typeof representation === 'object' && representation !== null && '__typename' in representation;
  return isObject && typeof representation.__typename === 'string' ? representation.__typename : '';
}
