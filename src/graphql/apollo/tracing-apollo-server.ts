import type { ApolloServer } from '@apollo/server';
import { ApolloServerPluginInlineTrace } from '@apollo/server/plugin/inlineTrace';

import { createApolloServer, type ApolloOptions } from './apollo-server';
import type { GraphqlContext } from '../graphql-context';

/**
 * Creates and starts a server whose responses carry a federated trace (`ftv1`) when the gateway asks for one. This module is imported
 * only when a request is traced, because the format of traces loads slowly.
 * @param options with a schema that no other server uses: tracing wraps every resolver permanently
 */
export async function startTracingApolloServer(
  options: ApolloOptions,
): Promise<ApolloServer<GraphqlContext>> {
  const server = createApolloServer(
    options,
    ApolloServerPluginInlineTrace({ includeErrors: { masked: true } }),
  );
  await server.start();
  return server;
}
