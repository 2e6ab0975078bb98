import { createServer } from 'node:http';

import { listen, type Listening } from './listen';

/**
 * Starts the gateway, the only endpoint for frontends.
 * @throws StartError when the port is in use
 */
export async function startGateway(supergraphSdl: string, port: number): Promise<Listening> {
  // Imported here because it takes a second or two to load: errors in settings and subgraphs are reported first.
  const { createGatewayRuntime } = await import('@graphql-hive/gateway');
  const gateway = createGatewayRuntime({
    supergraph: supergraphSdl,
    logging: 'warn',
    landingPage: false,
    graphiql: { title: 'Supergraph' },
    // The subgraphs authenticate the user.
    propagateHeaders: {
      fromClientToSubgraphs({ request }) {
        const authorization = request.headers.get('authorization');
        return authorization === null ? {} : { authorization };
      },
    },
  });
  const server = createServer((request, response) => void gateway(request, response));
  const listening = await listen(server, { port, variable: 'GATEWAY_PORT', path: gateway.graphqlEndpoint });
  return {
    url: listening.url,
    async stop() {
      await listening.stop();
      await gateway.dispose();
    },
  };
}
