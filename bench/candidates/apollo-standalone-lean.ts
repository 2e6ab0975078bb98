import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { startStandaloneServer } from '@apollo/server/standalone';

import type { SubgraphContext } from '../../src/subgraph/context';
import { announce } from './announce';
import { sharedParts } from './shared-parts';

/**
 * Apollo Server standalone without the plugins that this server turns off too. Separates their effect from that of the web server.
 */
async function main(): Promise<void> {
  const { host, port, schema, context } = sharedParts();
  const server = new ApolloServer<SubgraphContext>({
    schema,
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  const { url } = await startStandaloneServer(server, {
    context: () => Promise.resolve(context()),
    listen: { host, port },
  });
  announce(url);
}

void main();
