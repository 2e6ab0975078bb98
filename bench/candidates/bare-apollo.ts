import { readFileSync } from 'node:fs';

import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';

import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import type { Connection } from '../../src/proton/connection';
import { connectionArn, isConnectionId } from '../../src/proton/identifiers';
import { graphqlAt } from './listen';
import type { Start } from './start';

/**
 * The least that a subgraph with this schema and this store can be: Apollo Server standalone, the schema's file, and the resolvers of one query. It
 * shows how much of the time to start and of the memory belongs to these libraries.
 */
export const start: Start = async ({ DATABASE_URL = '' }) => {
  const store = openSqliteStore({ location: DATABASE_URL.replace(/^sqlite:/, '') });
  const schema = buildSubgraphSchema({
    typeDefs: parse(readFileSync('schema/schema.graphql', 'utf8')),
    resolvers: {
      Query: {
        async environmentAccountConnection(_root: unknown, { id }: { readonly id: string }) {
          const [connection] = isConnectionId(id) ? await store.findConnections([id], 'every') : [];
          return connection;
        },
      },
      EnvironmentAccountConnection: {
        arn: connectionArn,
        requestedAt: ({ requestedAt }: Connection) => new Date(requestedAt).toISOString(),
        lastModifiedAt: ({ lastModifiedAt }: Connection) => new Date(lastModifiedAt).toISOString(),
      },
    },
  });
  const { url } = await startStandaloneServer(new ApolloServer({ schema }), {
    listen: { host: '127.0.0.1', port: 0 },
  });
  return graphqlAt(url);
};
