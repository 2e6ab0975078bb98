import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';

import type { SubgraphContext } from '../../src/subgraph/context';
import { announce } from './announce';
import { sharedParts } from './shared-parts';

/** Apollo Server standalone with all defaults, including the plugins that it installs itself. */
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
