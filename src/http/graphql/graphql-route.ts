import { HeaderMap, type ApolloServer, type HTTPGraphQLResponse } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { createGraphqlContext, type GraphqlContext } from '../../graphql/graphql-context';
import type { PreparedDocuments } from '../../graphql/compiled/prepared-documents';
import { RequestError } from '../../graphql/request-error';
import type { RequestScope } from '../../subgraph/context';
import { subscriptionExtension } from '../callback/callback-request';
import type { StartCallback } from '../callback/start-callback';
import { overloaded, OVERLOADED, sendInternalError } from '../errors';
import { inGraphqlSpan } from '../request-log/request-spans';
import { createExecutionDeadlines, type ExecutionDeadline } from './execution-deadline';

/** Opens the session of a request. */
export type ContextFor = (
  request: FastifyRequest,
  deadline: ExecutionDeadline,
) => RequestScope | Promise<RequestScope>;

export interface GraphqlRouteOptions {
  readonly path: string;
  readonly contextFor: ContextFor;
  /**
   * Charges the cost of a request's document to the user's rate limit. Undefined if there is no limit.
   * @throws RequestError when the limit is exceeded
   */
  readonly chargeCost: ((request: FastifyRequest, cost: number) => Promise<void>) | undefined;
  /** How long the execution of a request may take, in milliseconds. */
  readonly executionMs: number;
  /** Returns the Apollo Server for a request, or a promise for one that is started first. */
  readonly serverFor: (
    request: FastifyRequest,
  ) => ApolloServer<GraphqlContext> | Promise<ApolloServer<GraphqlContext>>;
  /** Documents that are executed without Apollo Server. */
  readonly prepared: PreparedDocuments;
  /** Responds to requests of routers for subscriptions by callback. Undefined if there are none. */
  readonly startCallback: StartCallback | undefined;
}

/**
 * Executes GraphQL requests: prepared documents directly, everything else through Apollo Server, which implements GraphQL over HTTP.
 *
 * Apollo's published Fastify integration is not used: it builds a URL from the Host header to find the query string, and responds
 * with 500 if the header is invalid.
 */
export function addGraphqlRoute(
  server: FastifyInstance,
  { path, contextFor, chargeCost, executionMs, serverFor, prepared, startCallback }: GraphqlRouteOptions,
): void {
  const startDeadline = createExecutionDeadlines(executionMs);
  const contentTypes = new ContentTypes();

  function graphqlContext(request: FastifyRequest, deadline: ExecutionDeadline, context: RequestScope) {
    let admission: { readonly result: void | Promise<void> } | undefined;
    return createGraphqlContext(context, request.record, (cost) => {
      admission ??= { result: admit(request, deadline, cost) };
      return admission.result;
    });
  }

  function admit(request: FastifyRequest, deadline: ExecutionDeadline, cost: number): void | Promise<void> {
    try {
      const turn = deadline.waitToExecute(cost);
      return turn ? turn.then(() => chargeCost?.(request, cost)) : chargeCost?.(request, cost);
    } catch (error) {
      if (error instanceof RequestError) return Promise.reject(error);
      throw error;
    }
  }

  function executeWithApollo(
    request: FastifyRequest,
    context: GraphqlContext,
  ): Promise<HTTPGraphQLResponse | undefined> {
    return inGraphqlSpan(request.record, () => runApollo(request, context));
  }

  /** Undefined for an unexpected failure that has already been reported. */
  async function runApollo(
    request: FastifyRequest,
    context: GraphqlContext,
  ): Promise<HTTPGraphQLResponse | undefined> {
    const { record } = request;
    const apollo = await serverFor(request);
    const response = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: request.method,
        headers: headersOf(request),
        search: withoutEmptyParameters(searchOf(request.url)),
        body: withoutEmptyName(request.body ?? ''),
      },
      context: () => Promise.resolve(context),
    });
    const { status = 200 } = response;
    // `OVERLOADED` is expected.
    if (status < 500 || status === OVERLOADED.status) return response;
    // A failure in Apollo Server or a plugin: no plugin can add the request's id to the response.
    if (!record.isFaultReported)
      context.reportFault(new Error(`Apollo Server responded with ${String(status)}`));
    record.failure = 'INTERNAL_SERVER_ERROR';
    return undefined;
  }

  /** Executes with Apollo Server where that must respond. */
  async function finish(
    request: FastifyRequest,
    deadline: ExecutionDeadline,
    executed: GraphqlContext | Promise<string | GraphqlContext>,
  ): Promise<HTTPGraphQLResponse | string | undefined> {
    const result = await executed;
    if (typeof result === 'string') return result;
    // The response has been sent.
    if (deadline.isOver()) throw overloaded();
    return executeWithApollo(request, result);
  }

  async function respondLater(
    request: FastifyRequest,
    reply: FastifyReply,
    deadline: ExecutionDeadline,
    work: Promise<HTTPGraphQLResponse | string | undefined>,
  ): Promise<FastifyReply> {
    request.work = work;
    const response = await deadline.race(work);
    if (response === undefined) sendInternalError(reply);
    else if (typeof response === 'string') sendData(request, reply, response);
    else {
      contentTypes.learn(request, response);
      sendResponse(request, reply, response);
    }
    return reply;
  }

  /** Sends the result of a successful operation, as Apollo Server does. */
  function sendData(request: FastifyRequest, reply: FastifyReply, text: string): FastifyReply {
    return sendText(reply.header('content-type', contentTypes.of(request)), text);
  }

  server.route({
    method: ['GET', 'POST'],
    url: path,
    handler(request, reply) {
      const deadline = startDeadline(reply.raw, request.receivedAt);
      if (startCallback && subscriptionExtension(request.body) !== undefined) {
        const started = startCallback(request, deadline, async (cost) => admit(request, deadline, cost));
        return respondLater(request, reply, deadline, started);
      }
      const subgraphContext = contextFor(request, deadline);
      if (subgraphContext instanceof Promise) {
        const executed = subgraphContext.then((context) =>
          executeWithApollo(request, graphqlContext(request, deadline, context)),
        );
        return respondLater(request, reply, deadline, executed);
      }
      const context = graphqlContext(request, deadline, subgraphContext);
      const mayBePrepared = isPlain(request) && contentTypes.of(request) !== undefined;
      const executed = mayBePrepared ? prepared.execute(request.body, context) : context;
      if (typeof executed === 'string') {
        deadline.refuseLateResult();
        return sendData(request, reply, executed);
      }
      return respondLater(request, reply, deadline, finish(request, deadline, executed));
    },
  });
}

/** Characters. Node copies a text to put it behind the header, and again to encode it; a longer one is cheaper as bytes. */
const MAX_TEXT_LENGTH = 16_384;

function sendText(reply: FastifyReply, text: string): FastifyReply {
  return reply.send(text.length > MAX_TEXT_LENGTH ? Buffer.from(text) : text);
}

function sendResponse(
  { record }: FastifyRequest,
  reply: FastifyReply,
  { status = 200, headers, body }: HTTPGraphQLResponse,
): void {
  // Apollo Server rejects some requests without calling a plugin.
  if (status >= 400) record.failure ??= status === 405 ? 'METHOD_NOT_ALLOWED' : 'BAD_REQUEST';
  for (const [name, value] of headers) reply.header(name, value);
  reply.code(status);
  // The schema has no incremental delivery.
  if (body.kind === 'chunked') throw new Error('unexpected incremental response');
  sendText(reply, body.string);
}

/** Whether nothing in the request's header but `accept` is for Apollo Server: another media type, a federated trace, or a span. */
function isPlain({ method, headers, record }: FastifyRequest): boolean {
  return (
    method === 'POST' &&
    headers['content-type'] === 'application/json' &&
    headers['apollo-federation-include-trace'] === undefined &&
    record.span === undefined
  );
}

/** Values of `accept` that are remembered, and their length in characters. Clients send few, and short ones. */
const MAX_ACCEPTS = 100;
const MAX_ACCEPT_LENGTH = 256;

/** The content type of results for each value of `accept`, as Apollo Server has chosen it for an earlier request. */
class ContentTypes {
  private readonly byAccept = new Map<string, string>();

  /** Undefined if Apollo Server must choose. */
  of({ headers: { accept = '' } }: FastifyRequest): string | undefined {
    return this.byAccept.get(accept);
  }

  learn(
    { method, headers: { accept = '' } }: FastifyRequest,
    { status = 200, headers }: HTTPGraphQLResponse,
  ) {
    const contentType = headers.get('content-type');
    if (method !== 'POST' || status !== 200 || contentType === undefined) return;
    if (this.byAccept.size < MAX_ACCEPTS && accept.length <= MAX_ACCEPT_LENGTH)
      this.byAccept.set(accept, contentType);
  }
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
