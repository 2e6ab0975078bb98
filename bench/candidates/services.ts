import { createServer } from 'node:http';

import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { createYoga } from 'graphql-yoga';

import { listen } from './listen';
import type { Start } from './start';

const SDL = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])

  type Query {
    services(ids: [ID!]!): [Service!]!
  }

  type Service {
    id: ID!
    connection: EnvironmentAccountConnection
  }

  type EnvironmentAccountConnection @key(fields: "id", resolvable: false) {
    id: ID!
  }
`;

/** Another subgraph, for federated queries: services, each with the connection that has its id. */
export const start: Start = () => {
  const yoga = createYoga({
    schema: buildSubgraphSchema({
      typeDefs: parse(SDL),
      resolvers: {
        Query: {
          services: (_root: unknown, { ids }: { readonly ids: readonly string[] }) =>
            ids.map((id) => ({ id, connection: { id } })),
        },
      },
    }),
    logging: false,
    landingPage: false,
  });
  // Yoga's handler returns a promise, which node:http ignores. The handler sends the response and its errors itself.
  return listen(createServer((request, response) => void yoga(request, response)));
};
