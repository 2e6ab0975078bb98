import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTimeISO } from 'graphql-scalars';

/** The library's scalar that serializes to strings, with the name and the specification that the schema declares. */
export const DateTime = new GraphQLScalarType({
  ...GraphQLDateTimeISO.toConfig(),
  name: 'DateTime',
  description: 'An instant, RFC 3339, in UTC.',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
});
