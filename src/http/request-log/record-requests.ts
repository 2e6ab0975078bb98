import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { RequestEvent, RequestObserver } from '../../telemetry/events';
import { REQUEST_ID_HEADER } from '../headers';
import { hasHungUp, type BrokenHttp, type BrokenHttpAnswer } from '../lifecycle/malformed-http';
import {
  CLIENT_GONE,
  malformedRequestEvent,
  newRecord,
  requestEvent,
  type RequestRecord,
} from './request-record';

declare module 'fastify' {
  interface FastifyRequest {
    record: RequestRecord;
  }
}

export interface RecordOptions {
  readonly server: RequestEvent['server'];
  readonly observe: RequestObserver;
}

/**
 * Creates a record for every request, before any other hook runs, and returns its id in a header.
 * @param server made with `genReqId: requestIdOf`
 */
export function keepRecords(server: FastifyInstance, options: RecordOptions): void {
  // Fastify wants every request to have the same shape; the hook sets the value.
  server.decorateRequest('record');
  server.addHook('onRequest', (request, reply, done) => {
    beginRecord(request, reply, options);
    done();
  });
}

/** Also for requests that Fastify refuses before its first hook. A request that has a record keeps it. */
export function beginRecord(
  request: FastifyRequest,
  reply: FastifyReply,
  { server, observe }: RecordOptions,
): void {
  if (hasRecord(request)) return;
  const { id } = request;
  const record = newRecord(id);
  request.record = record;
  records.set(request.raw, record);
  reply.header(REQUEST_ID_HEADER, id);
  // Emitted once per response, whether it was sent or the client disconnected.
  reply.raw.once('close', () => {
    observe(requestEvent(server, record, reply.raw));
  });
}

function hasRecord({ record }: { readonly record?: RequestRecord }): boolean {
  return record !== undefined;
}

/** By Node's request, for `clientError` handlers, which have nothing else. */
const records = new WeakMap<IncomingMessage, RequestRecord>();

/**
 * Responds to malformed or late HTTP and reports it. A request that had started is reported as failed when its connection closes.
 * @param answerTo creates the response, which carries the same request id as the log
 * @returns the response as bytes; takes the request that had started, if any
 */
export function brokenAnswers(
  { server, observe }: RecordOptions,
  answerTo: (error: BrokenHttp, requestId: string) => BrokenHttpAnswer,
): (error: BrokenHttp, unfinished: IncomingMessage | undefined) => string {
  return (error, unfinished) => {
    const record = unfinished && records.get(unfinished);
    const requestId = record?.id ?? randomUUID();
    const { outcome, status, wire } = answerTo(error, requestId);
    const result = hasHungUp(error) ? { outcome: CLIENT_GONE, status: undefined } : { outcome, status };
    if (record) record.broken ??= result;
    else observe(malformedRequestEvent(server, { requestId, ...result }));
    return wire;
  };
}
