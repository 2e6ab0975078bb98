import 'reflect-metadata';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLResolverMap } from '@apollo/subgraph/dist/schema-helper';
import { getDocumentNodeFromSchema } from '@graphql-tools/utils';
import { GraphQLError, type GraphQLSchema, isUnionType, parse, print } from 'graphql';
import { buildSchemaSync, createResolversMap } from 'type-graphql';

import { AccountConnectionsResolver } from './account/account-connections';
import { resolveAccountReference } from './account/aws-account';
import { ConnectionPageResolver } from './connection/connection-page';
import { resolveConnectionReference } from './connection/environment-account-connection';
import { ConnectionHistoryResolver } from './connection/history';
import { ConnectionMutations } from './connection/mutations';
import { ConnectionOverviewResolver } from './connection/overview';
import { ConnectionQueries } from './connection/queries';
import { ConnectionSubscriptions } from './connection/status-changes';
import { TrustPolicyResolver } from './connection/trust-policies';
import { ConnectionActionsResolver } from './connection/viewer-actions';
import { ViewerResolver } from './viewer/viewer';

/**
 * Makes `_entities` reject representations of unknown types with BAD_USER_INPUT. The library throws a plain error, which would be
 * masked and logged as a fault of the server.
 */
function rejectUnknownRepresentations(schema: GraphQLSchema): void {
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

/** type-graphql demands one for a subscription, although it is only for topics, and the schema has none. */
const NO_TOPICS = {
  publish: (topic: string): never => {
    throw new Error(`there is no topic ${topic}`);
  },
  subscribe: (topic: string): never => {
    throw new Error(`there is no topic ${topic}`);
  },
};

export interface Subgraph {
  readonly schema: GraphQLSchema;
  /** The SDL for composition, the same as `schema/schema.graphql`. */
  readonly sdl: string;
}

/**
 * Builds the executable schema from the resolver classes. Resolvers get the service from the context, so the schema can be built
 * before the service exists, and more than once.
 *
 * The definitions come from the generated schema because type-graphql's `buildTypeDefsAndResolvers` drops all directives.
 */
export function buildSubgraph(): Subgraph {
  const types = buildSchemaSync({
    resolvers: [
      ConnectionQueries,
      ConnectionMutations,
      ConnectionSubscriptions,
      ConnectionPageResolver,
      ConnectionHistoryResolver,
      ConnectionActionsResolver,
      ConnectionOverviewResolver,
      TrustPolicyResolver,
      ViewerResolver,
      AccountConnectionsResolver,
    ],
    // The service validates inputs and reports all violations at once.
    validate: false,
    // The check executes an introspection query. `buildSubgraphSchema` validates the definitions.
    skipCheck: true,
    pubSub: NO_TOPICS,
  });
  const typeDefs = getDocumentNodeFromSchema(types);
  let printed: string | undefined;
  const sdl = () => (printed ??= `${FEDERATION_HEADER}\n${print(typeDefs)}\n`);
  const schema = buildSubgraphSchema([
    // The two libraries' types of the same map differ only in an index signature.
    { typeDefs, resolvers: createResolversMap(types) as GraphQLResolverMap<unknown> },
    {
      typeDefs: parse(FEDERATION_HEADER),
      resolvers: {
        // The library's own SDL would include federation's definitions, which composers do not expect.
        Query: { _service: () => ({ sdl: sdl() }) },
        EnvironmentAccountConnection: { __resolveReference: resolveConnectionReference },
        AwsAccount: { __resolveReference: resolveAccountReference },
      },
    },
  ]);
  rejectUnknownRepresentations(schema);
  return {
    schema,
    // eslint-disable-next-line no-restricted-syntax -- made once
    get sdl() {
      return sdl();
    },
  };
}
