import { HeaderMap, type ApolloServer } from '@apollo/server';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { SubgraphContext } from '../subgraph/context';
import { waitingClient, type WaitingClient } from './waiting-client';

/** Makes what a request's resolvers work with. */
export type ContextFor = (
  request: FastifyRequest,
  client: WaitingClient,
) => SubgraphContext | Promise<SubgraphContext>;

export interface GraphqlRouteOptions {
  readonly path: string;
  readonly contextFor: ContextFor;
  /** Which server answers a request. */
  readonly serverFor: (request: FastifyRequest) => ApolloServer<SubgraphContext>;
}

/**
 * Hands requests to Apollo Server, which knows GraphQL over HTTP.
 *
 * The published integration for Fastify is not used: it builds a URL from the Host header to find the query string, and so
 * answers 500 to a Host that is none.
 */
export function addGraphqlRoute(
  server: FastifyInstance,
  { path, contextFor, serverFor }: GraphqlRouteOptions,
): void {
  server.route({
    method: ['GET', 'POST'],
    url: path,
    handler: async (request, reply) => {
      const { status, headers, body } = await serverFor(request).executeHTTPGraphQLRequest({
        httpGraphQLRequest: {
          method: request.method,
          headers: headersOf(request),
          search: searchOf(request.url),
          body: request.body ?? '',
        },
        context: async () => contextFor(request, waitingClient(reply.raw)),
      });
      for (const [name, value] of headers) reply.header(name, value);
      reply.code(status ?? 200);
      // Incremental delivery is offered by no schema that is built here.
      if (body.kind === 'chunked') throw new Error('an incremental response was asked for');
      return reply.send(body.string);
    },
  });
}

function headersOf({ headers }: FastifyRequest): HeaderMap {
  const map = new HeaderMap();
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return map;
}

function searchOf(url: string): string {
  const start = url.indexOf('?');
  return start === -1 ? '' : url.slice(start);
}
