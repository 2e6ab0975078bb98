import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';

import type { SubgraphContext } from '../../src/subgraph/context';
import { graphqlAt } from './listen';
import { sharedParts } from './shared-parts';
import type { Start } from './start';

/** Apollo Server standalone with all defaults, including the plugins that it installs itself. */
export const start: Start = async (environment) => {
  const { host, port, schema, context } = await sharedParts(environment);
  const server = new ApolloServer<SubgraphContext>({ schema });
  const { url } = await startStandaloneServer(server, {
    context: () => Promise.resolve(context()),
    listen: { host, port },
  });
  return graphqlAt(url);
};
