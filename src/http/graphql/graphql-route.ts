import { HeaderMap, type ApolloServer, type HTTPGraphQLResponse } from '@apollo/server';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { SubgraphContext } from '../../subgraph/context';
import { createExecutionQueue, createExecutionDeadline, type ExecutionDeadline } from './execution-deadline';
import type { GraphqlContext } from '../../graphql/apollo/graphql-context';
import { sendInternalError, OVERLOADED } from '../errors';
import { inGraphqlSpan } from '../request-log/request-spans';
import { watchDisconnect } from '../lifecycle/response-end';

/** Makes what a request's resolvers work with. */
export type ContextFor = (
  request: FastifyRequest,
  deadline: ExecutionDeadline,
) => SubgraphContext | Promise<SubgraphContext>;

/**
 * Takes what a request's document costs from its sender's budget.
 * @throws RequestError when there is not that much left
 */
export type ChargeCost = (request: FastifyRequest, cost: number) => void | Promise<void>;

export interface GraphqlRouteOptions {
  readonly path: string;
  readonly contextFor: ContextFor;
  readonly spend: ChargeCost;
  /** How long the execution of a request may take. */
  readonly executionMs: number;
  /** Which server answers a request. */
  readonly serverFor: (request: FastifyRequest) => ApolloServer<GraphqlContext>;
}

/**
 * Hands requests to Apollo Server, which knows GraphQL over HTTP.
 *
 * The published integration for Fastify is not used: it builds a URL from the Host header to find the query string, and so
 * answers 500 to a Host that is none.
 */
export function addGraphqlRoute(
  server: FastifyInstance,
  { path, contextFor, spend, executionMs, serverFor }: GraphqlRouteOptions,
): void {
  const turn = createExecutionQueue();

  /** Undefined where the answer is that nobody foresaw it, and why has been reported. */
  async function execute(
    request: FastifyRequest,
    deadline: ExecutionDeadline,
  ): Promise<HTTPGraphQLResponse | undefined> {
    // Before Apollo Server asks for it: what fails here is answered with the request's id, like everything that nobody foresaw.
    const context = await contextFor(request, deadline);
    const { record } = request;
    const told: unknown[] = [];
    const contextValue: GraphqlContext = {
      ...context,
      record,
      noteFailure(code) {
        record.failure ??= code;
      },
      waitToExecute: deadline.begin,
      chargeCost: (cost) => spend(request, cost),
      reportFault(fault) {
        told.push(fault);
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
    // That it has waited too long is no fault.
    if (status < 500 || status === OVERLOADED.status) return response;
    // What is at fault in Apollo Server itself, or in what is plugged into it, no plugin can answer with the request's id.
    if (told.length === 0) context.reportFault(new Error(`Apollo Server answered ${String(status)}`));
    record.failure = 'INTERNAL_SERVER_ERROR';
    return undefined;
  }

  server.route({
    method: ['GET', 'POST'],
    url: path,
    handler: async (request, reply) => {
      const deadline = createExecutionDeadline(watchDisconnect(reply.raw), {
        timeoutMs: executionMs,
        since: request.receivedAt,
        turn,
      });
      const response = await inGraphqlSpan(request.record, () => {
        const work = execute(request, deadline);
        request.work = work;
        return deadline.orOver(work);
      });
      if (!response) {
        sendInternalError(reply);
        return reply;
      }
      const { status = 200, headers, body } = response;
      // What Apollo Server refuses by itself, it tells no plugin.
      if (status >= 400) request.record.failure ??= status === 405 ? 'METHOD_NOT_ALLOWED' : 'BAD_REQUEST';
      for (const [name, value] of headers) reply.header(name, value);
      reply.code(status);
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

/** The values of a GET parameter that mean the same as leaving it out; a variable map may also be JSON's null. */
const EMPTY: Readonly<Record<string, readonly string[]>> = {
  operationName: [''],
  variables: ['', 'null'],
  extensions: ['', 'null'],
};

/**
 * Drops optional parameters that are empty from a query string, as GraphQL over HTTP has it. Apollo Server would look for an
 * operation without a name, and parse an empty text as JSON.
 */
function withoutEmptyParameters(search: string): string {
  if (search === '') return search;
  const parameters = new URLSearchParams(search);
  for (const [name, values] of Object.entries(EMPTY)) {
    for (const value of values) parameters.delete(name, value);
  }
  return `?${parameters.toString()}`;
}

/** The same for the body of a POST: no operation has an empty name, so it asks for none. */
function withoutEmptyName(body: unknown): unknown {
  const isObject = typeof body === 'object' && body !== null;
  return isObject && 'operationName' in body && body.operationName === ''
    ? { ...body, operationName: null }
    : body;
}
