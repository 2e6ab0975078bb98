import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
} from '@opentelemetry/api';
import type { FastifyInstance } from 'fastify';

import type { RequestRecord } from './request-record';

const tracer = trace.getTracer('proton-subgraph');

/** Other methods are recorded as `_OTHER`, as OpenTelemetry demands, because clients can send any. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * Starts a span for every request, as a child of the client's trace, and ends it with the response.
 * @param server after `recordRequests`
 * @param path the only route
 */
export function traceRequests(server: FastifyInstance, path: string): void {
  const contexts = new WeakMap<RequestRecord, Context>();
  server.addHook('onRequest', ({ record, method, headers, url }, reply, done) => {
    const known = METHODS.has(method) ? method : '_OTHER';
    const route = url.split('?', 1)[0] === path ? path : undefined;
    const parent = propagation.extract(ROOT_CONTEXT, headers);
    const span = tracer.startSpan(
      [known === '_OTHER' ? 'HTTP' : known, route].filter(Boolean).join(' '),
      {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': known,
          'url.scheme': 'http',
          ...(route === undefined ? {} : { 'http.route': route }),
          'proton_subgraph.request_id': record.id,
        },
      },
      parent,
    );
    record.span = span;
    reply.raw.once('close', () => {
      if (reply.raw.headersSent) span.setAttribute('http.response.status_code', reply.raw.statusCode);
      if (record.operation !== undefined) span.setAttribute('proton_subgraph.operation', record.operation);
      const errorType = record.malformed?.outcome ?? record.failure;
      if (errorType !== undefined) span.setAttribute('error.type', errorType);
      if (record.isUpgraded) span.setAttribute('http.response.status_code', 101);
      else if (!reply.raw.writableFinished || reply.raw.statusCode >= 500) {
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    });
    const spanContext = trace.setSpan(parent, span);
    contexts.set(record, spanContext);
    context.with(spanContext, done);
  });
  // Restores the context: a body is read in the context of its connection, and a request that waited for admission continues in the
  // context of the request that made room.
  server.addHook('preHandler', ({ record }, _reply, done) => {
    context.with(contexts.get(record) ?? ROOT_CONTEXT, done);
  });
}

/** Executes a GraphQL request in its own span. The span contains neither the document nor its variables. */
export function inGraphqlSpan<Result>(
  record: RequestRecord,
  execute: () => Promise<Result>,
): Promise<Result> {
  if (!record.span) return execute();
  return tracer.startActiveSpan('graphql', async (span) => {
    try {
      return await execute();
    } finally {
      const { operation, operationName, failure } = record;
      if (operation !== undefined) {
        span.updateName(`graphql ${operation}`);
        span.setAttribute('proton_subgraph.operation', operation);
      }
      if (operationName !== undefined) span.setAttribute('graphql.operation.name', operationName);
      if (failure !== undefined) {
        span.setAttribute('error.type', failure);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    }
  });
}
