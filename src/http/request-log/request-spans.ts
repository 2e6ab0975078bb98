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

/** What a span may say that a request's method was; there are as many others as callers can think of. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * Begins a span for every request, which goes on with the trace that its sender began, and ends it with the request.
 * @param server that keeps records already
 * @param path where it answers
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
      const wrong = record.broken?.outcome ?? record.failure;
      if (wrong !== undefined) span.setAttribute('error.type', wrong);
      if (!reply.raw.writableFinished || reply.raw.statusCode >= 500) {
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    });
    const within = trace.setSpan(parent, span);
    contexts.set(record, within);
    context.with(within, done);
  });
  // A body arrives in the context of its connection, and a request that waited goes on in that of whoever made way for it.
  server.addHook('preHandler', ({ record }, _reply, done) => {
    context.with(contexts.get(record) ?? ROOT_CONTEXT, done);
  });
}

/** Executes a GraphQL request in a span of its own. Neither the document nor its variables are told. */
export function inGraphqlSpan<Answer>(
  record: RequestRecord,
  execute: () => Promise<Answer>,
): Promise<Answer> {
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
