import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { startStandaloneServer } from '@apollo/server/standalone';

import type { SubgraphContext } from '../../src/subgraph/context';
import { graphqlAt } from './listen';
import { sharedParts } from './shared-parts';
import type { Start } from './start';

/**
 * Apollo Server standalone without the plugins that this server turns off too. Separates their effect from that of the web server.
 */
export const start: Start = async (environment) => {
  const { host, port, schema, context } = await sharedParts(environment);
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
  return graphqlAt(url);
};
