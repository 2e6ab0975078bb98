import 'reflect-metadata';

import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLResolverMap } from '@apollo/subgraph/dist/schema-helper';
import { printSchemaWithDirectives } from '@graphql-tools/utils';
import { parse, type GraphQLSchema } from 'graphql';
import { buildSchemaSync, createResolversMap } from 'type-graphql';

import { AccountConnectionsResolver } from './account/account-connections';
import { resolveAccountReference } from './account/aws-account';
import { ConnectionPageResolver } from './connection/connection-page';
import { resolveConnectionReference } from './connection/environment-account-connection';
import { ConnectionHistoryResolver } from './connection/history';
import { ConnectionMutations } from './connection/mutations';
import { ConnectionQueries } from './connection/queries';
import { rejectUnknownRepresentations } from './representations';

/**
 * Written by hand, because type-graphql's `@Directive` has no effect on the schema itself. v2.9 is the newest federation version that
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
  /** The SDL for composition, the same as `schema/schema.graphql`. */
  readonly sdl: string;
}

/**
 * Builds the executable schema from the resolver classes. Resolvers get the service from the context, so the schema can be built
 * before the service exists, and more than once.
 *
 * The schema is printed and parsed again because type-graphql's `buildTypeDefsAndResolvers` drops all directives.
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
    // The service validates inputs and reports all violations at once.
    validate: false,
  });
  const printed = printSchemaWithDirectives(types);
  const sdl = `${FEDERATION_HEADER}\n${printed}\n`;
  const schema = buildSubgraphSchema([
    // The two libraries' types of the same map differ only in an index signature.
    { typeDefs: parse(printed), resolvers: createResolversMap(types) as GraphQLResolverMap<unknown> },
    {
      typeDefs: parse(FEDERATION_HEADER),
      resolvers: {
        // The library's own SDL would include federation's definitions, which composers do not expect.
        Query: { _service: () => ({ sdl }) },
        EnvironmentAccountConnection: { __resolveReference: resolveConnectionReference },
        AwsAccount: { __resolveReference: resolveAccountReference },
      },
    },
  ]);
  rejectUnknownRepresentations(schema);
  return { schema, sdl };
}
