import 'reflect-metadata';

import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLResolverMap } from '@apollo/subgraph/dist/schema-helper';
import { printSchemaWithDirectives } from '@graphql-tools/utils';
import { parse, type GraphQLSchema } from 'graphql';
import { buildSchemaSync, createResolversMap } from 'type-graphql';

import { AccountConnectionsResolver } from './account/account-connections';
import { resolveAccountReference } from './account/aws-account';
import { ConnectionPageResolver } from './connection/connection-page';
import { ConnectionHistoryResolver } from './connection/history';
import { ConnectionMutations } from './connection/mutations';
import { ConnectionQueries } from './connection/queries';
import { resolveConnectionReference } from './connection/reference';
import { refuseForeignRepresentations } from './representations';

/**
 * What type-graphql can't express: its `@Directive` does nothing on the schema itself. v2.9 is the newest federation version that
 * every composer accepts.
 */
const FEDERATION_HEADER = `extend schema
  @link(
    url: "https://specs.apollo.dev/federation/v2.9"
    import: ["@key", "@shareable", "@tag", "@cost", "@listSize"]
  )
  @contact(name: "Platform Engineering", description: "Owners of environment account connections")

directive @contact(name: String!, url: String, description: String) on SCHEMA
`;

export interface Subgraph {
  readonly schema: GraphQLSchema;
  /** The SDL that a gateway composes, as `schema/schema.graphql` holds it. */
  readonly sdl: string;
}

/**
 * Builds the executable schema from the resolver classes. They take all they need from the context, so it can be built before
 * there is a service; and it may be built more than once.
 *
 * The way round over printed SDL is needed: type-graphql's own `buildTypeDefsAndResolvers` drops every directive.
 */
export function buildSubgraph(): Subgraph {
  const types = buildSchemaSync({
    resolvers: [
      ConnectionQueries,
      ConnectionMutations,
      ConnectionPageResolver,
      ConnectionHistoryResolver,
      AccountConnectionsResolver,
    ],
    // The service judges inputs, all rules at once.
    validate: false,
  });
  const printed = printSchemaWithDirectives(types);
  const sdl = `${FEDERATION_HEADER}\n${printed}\n`;
  const schema = buildSubgraphSchema([
    // The two libraries describe the same map in types that miss each other by an index signature.
    { typeDefs: parse(printed), resolvers: createResolversMap(types) as GraphQLResolverMap<unknown> },
    {
      typeDefs: parse(FEDERATION_HEADER),
      resolvers: {
        // The library would print its own machinery along with our types; a composer wants the types alone.
        Query: { _service: () => ({ sdl }) },
        EnvironmentAccountConnection: { __resolveReference: resolveConnectionReference },
        AwsAccount: { __resolveReference: resolveAccountReference },
      },
    },
  ]);
  refuseForeignRepresentations(schema);
  return { schema, sdl };
}
