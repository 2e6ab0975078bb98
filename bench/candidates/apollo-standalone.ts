import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';

import type { SubgraphContext } from '../../src/subgraph/context';
import { announce } from './announce';
import { sharedParts } from './shared-parts';

/** Apollo Server as its documentation starts it: every default, with the plugins that install themselves. */
async function main(): Promise<void> {
  const { host, port, schema, context } = sharedParts();
  const server = new ApolloServer<SubgraphContext>({ schema });
  const { url } = await startStandaloneServer(server, {
    context: () => Promise.resolve(context()),
    listen: { host, port },
  });
  announce(url);
}

void main();
