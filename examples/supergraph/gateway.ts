import { createServer, type IncomingMessage, type RequestListener } from 'node:http';

import type { Extra } from 'graphql-ws/use/ws';

import { listen, type Listening } from './listen';

/** How the gateway gets the events of subscriptions from a subgraph. */
export interface SubscriptionSource {
  /** The name of the subgraph in the supergraph. */
  readonly subgraph: string;
  readonly url: string;
  /** `ws`: a WebSocket for all clients with the same token. `http-callback`: the subgraph posts each event to the gateway. */
  readonly transport: 'ws' | 'http-callback';
  /** The subgraph's ROUTER_SECRET, if it has one. */
  readonly routerSecret?: string | undefined;
  /** The time without a message after which the gateway ends a callback subscription, in milliseconds; 50 seconds by default. */
  readonly heartbeatIntervalMs?: number | undefined;
}

const CALLBACK_PATH = '/callback';

/**
 * Starts the gateway, the only endpoint for frontends. Clients get the events of subscriptions as server-sent events or over a WebSocket.
 * @param subscriptions undefined if no subgraph has any
 * @throws StartError when the port is in use
 */
export async function startGateway(
  supergraphSdl: string,
  port: number,
  subscriptions?: SubscriptionSource,
): Promise<Listening> {
  let handle: RequestListener = (_request, response) => response.writeHead(503).end();
  const server = createServer((request, response) => {
    handle(request, response);
  });
  const listening = await listen(server, { port, variable: 'GATEWAY_PORT', path: '/graphql' });
  // Imported here because they take a second or two to load: errors in settings, subgraphs and the port are reported first.
  const [{ createGatewayRuntime, getGraphQLWSOptions, MemPubSub }, { useServer }, { WebSocketServer }] =
    await Promise.all([import('@graphql-hive/gateway'), import('graphql-ws/use/ws'), import('ws')]);
  const gateway = createGatewayRuntime({
    supergraph: supergraphSdl,
    logging: 'warn',
    landingPage: false,
    graphiql: { title: 'Supergraph' },
    // The subgraphs authenticate the user.
    propagateHeaders: {
      fromClientToSubgraphs({ request }) {
        const authorization = request.headers.get('authorization');
        return {
          ...(authorization === null ? {} : { authorization }),
          ...routerHeaders(subscriptions),
        };
      },
    },
    ...(subscriptions && {
      // Callbacks go through these two.
      pubsub: new MemPubSub(),
      webhooks: true,
      transportEntries: {
        [subscriptions.subgraph]: {
          options: { subscriptions: transportOf(subscriptions, new URL(CALLBACK_PATH, listening.url).href) },
        },
      },
    }),
  });
  handle = (request, response) => void gateway(request, response);
  const sockets = new WebSocketServer({ server, path: gateway.graphqlEndpoint });
  const connections = useServer(
    getGraphQLWSOptions<Record<string, unknown>, Extra>(
      gateway,
      ({ connectionParams, extra: { request } }) => ({
        // As if the token had come in a header.
        request: new Request(listening.url, { headers: headersOf(request, connectionParams) }),
      }),
    ),
    sockets,
  );
  return {
    url: listening.url,
    async stop() {
      await connections.dispose();
      sockets.close();
      await listening.stop();
      await gateway.dispose();
    },
  };
}

/** The user's token, as the gateway reads it from the client's request. */
const TOKEN = '{context.headers.authorization}';

function transportOf(source: SubscriptionSource, callbackUrl: string) {
  const { transport: kind, url: location, heartbeatIntervalMs } = source;
  const headers = Object.entries(routerHeaders(source));
  // A browser can't set headers of a WebSocket, so the token is in the message that opens it.
  if (kind === 'ws')
    return { kind, location, headers, options: { connectionParams: { authorization: TOKEN } } };
  return {
    kind,
    location,
    headers: [['authorization', TOKEN] as [string, string], ...headers],
    options: {
      public_url: callbackUrl,
      path: CALLBACK_PATH,
      ...(heartbeatIntervalMs !== undefined && { heartbeat_interval: heartbeatIntervalMs }),
    },
  };
}

function routerHeaders(source: SubscriptionSource | undefined): Readonly<Record<string, string>> {
  return source?.routerSecret === undefined ? {} : { 'router-authorization': source.routerSecret };
}

function headersOf({ headers }: IncomingMessage, connectionParams: ConnectionParams): Headers {
  const given = Object.entries({ ...headers, ...connectionParams });
  return new Headers(given.filter((field): field is [string, string] => typeof field[1] === 'string'));
}

type ConnectionParams = Readonly<Record<string, unknown>> | undefined;
