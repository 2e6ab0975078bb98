import { createServer } from 'node:http';

import { listen, type Listening } from './listen';

/**
 * The one endpoint that a frontend knows.
 * @throws StartError when the port is taken
 */
export async function startGateway(supergraphSdl: string, port: number): Promise<Listening> {
  // Loaded here, for it takes a second or two: what is wrong with a setting or a subgraph is told before.
  const { createGatewayRuntime } = await import('@graphql-hive/gateway');
  const gateway = createGatewayRuntime({
    supergraph: supergraphSdl,
    logging: 'warn',
    landingPage: false,
    graphiql: { title: 'Supergraph' },
    // Who asks is for the subgraphs to judge.
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
