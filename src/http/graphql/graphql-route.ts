import { HeaderMap, type ApolloServer, type HTTPGraphQLResponse } from '@apollo/server';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { SubgraphContext } from '../../subgraph/context';
import { createExecutionQueue, createExecutionDeadline, type ExecutionDeadline } from './execution-deadline';
import type { GraphqlContext } from '../../graphql/apollo/graphql-context';
import { sendInternalError, OVERLOADED } from '../errors';
import { inGraphqlSpan } from '../request-log/request-spans';
import { watchDisconnect } from '../lifecycle/response-end';

/** Creates the context for the resolvers of a request. */
export type ContextFor = (
  request: FastifyRequest,
  deadline: ExecutionDeadline,
) => SubgraphContext | Promise<SubgraphContext>;

export interface GraphqlRouteOptions {
  readonly path: string;
  readonly contextFor: ContextFor;
  /**
   * Charges the cost of a request's document to the user's rate limit.
   * @throws RequestError when the limit is exceeded
   */
  readonly chargeCost: (request: FastifyRequest, cost: number) => void | Promise<void>;
  /** How long the execution of a request may take, in milliseconds. */
  readonly executionMs: number;
  /** Returns the Apollo Server for a request. */
  readonly serverFor: (request: FastifyRequest) => ApolloServer<GraphqlContext>;
}

/**
 * Passes requests to Apollo Server, which implements GraphQL over HTTP.
 *
 * The published Fastify integration is not used: it builds a URL from the Host header to find the query string, and responds with
 * 500 if the header is invalid.
 */
export function addGraphqlRoute(
  server: FastifyInstance,
  { path, contextFor, chargeCost, executionMs, serverFor }: GraphqlRouteOptions,
): void {
  const waitForTurn = createExecutionQueue();

  /** Undefined for an unexpected failure that has already been reported. */
  async function execute(
    request: FastifyRequest,
    deadline: ExecutionDeadline,
  ): Promise<HTTPGraphQLResponse | undefined> {
    // Created outside Apollo Server, so that the response to a failure contains the request's id.
    const context = await contextFor(request, deadline);
    const { record } = request;
    const reported = { any: false };
    const contextValue: GraphqlContext = {
      ...context,
      record,
      noteFailure(code) {
        record.failure ??= code;
      },
      waitToExecute: deadline.waitToExecute,
      chargeCost: (cost) => chargeCost(request, cost),
      reportFault(fault) {
        reported.any = true;
        context.reportFault(fault);
      },
    };
    const response = await serverFor(request).executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: request.method,
        headers: headersOf(request),
        search: withoutEmptyParameters(searchOf(request.url)),
        body: withoutEmptyName(request.body ?? ''),
      },
      context: () => Promise.resolve(contextValue),
    });
    const { status = 200 } = response;
    // `OVERLOADED` is expected.
    if (status < 500 || status === OVERLOADED.status) return response;
    // A failure in Apollo Server or a plugin: no plugin can add the request's id to the response.
    if (!reported.any) context.reportFault(new Error(`Apollo Server responded with ${String(status)}`));
    record.failure = 'INTERNAL_SERVER_ERROR';
    return undefined;
  }

  server.route({
    method: ['GET', 'POST'],
    url: path,
    handler: async (request, reply) => {
      const deadline = createExecutionDeadline(watchDisconnect(reply.raw), {
        timeoutMs: executionMs,
        receivedAt: request.receivedAt,
        waitForTurn,
      });
      const response = await inGraphqlSpan(request.record, () => {
        const work = execute(request, deadline);
        request.work = work;
        return deadline.race(work);
      });
      if (!response) {
        sendInternalError(reply);
        return reply;
      }
      const { status = 200, headers, body } = response;
      // Apollo Server rejects some requests without calling a plugin.
      if (status >= 400) request.record.failure ??= status === 405 ? 'METHOD_NOT_ALLOWED' : 'BAD_REQUEST';
      for (const [name, value] of headers) reply.header(name, value);
      reply.code(status);
      // The schema has no incremental delivery.
      if (body.kind === 'chunked') throw new Error('unexpected incremental response');
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

/** Values of GET parameters that mean the same as a missing parameter. JSON parameters may also be `null`. */
const EMPTY_VALUES: Readonly<Record<string, readonly string[]>> = {
  operationName: [''],
  variables: ['', 'null'],
  extensions: ['', 'null'],
};

/**
 * Removes empty optional parameters from a query string, as the GraphQL over HTTP specification demands. Apollo Server would look
 * for an operation with an empty name, and parse an empty string as JSON.
 */
function withoutEmptyParameters(search: string): string {
  if (search === '') return search;
  const parameters = new URLSearchParams(search);
  for (const [name, values] of Object.entries(EMPTY_VALUES)) {
    for (const value of values) parameters.delete(name, value);
  }
  return `?${parameters.toString()}`;
}

/** Removes an empty operation name from the body of a POST request. */
function withoutEmptyName(body: unknown): unknown {
  const isObject = typeof body === 'object' && body !== null;
  return isObject && 'operationName' in body && body.operationName === ''
    ? { ...body, operationName: null }
    : body;
}
