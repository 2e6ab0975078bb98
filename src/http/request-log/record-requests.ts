import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { Span } from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { hasHungUp, type BrokenHttp, type BrokenHttpAnswer } from '../lifecycle/malformed-http';
import { brokenRequest, CLIENT_GONE, endedRequest, type EndedRequest } from './request-record';

/** What is learnt of a request on its way to its answer, for the log and the metrics. */
export interface RequestRecord {
  /** Its sender's `x-request-id`, or one made here. */
  readonly id: string;
  /** By the clock of `performance.now()`. */
  readonly arrivedAt: number;
  /** Who asks, once that is known. */
  subject: string | undefined;
  /** What is asked for: root fields of the schema, so that there are only so many values. */
  operation: string | undefined;
  /** The name that the sender gave it. */
  operationName: string | undefined;
  /** The code of the first thing that went wrong; undefined while nothing did. */
  failure: string | undefined;
  /** Why it was not believed who sent it; for the log alone. */
  reason: string | undefined;
  /** What was wrong with how it arrived, for a request whose end never came, and the status that was answered, if any was. */
  broken: { readonly outcome: string; readonly status: number | undefined } | undefined;
  /** The span of the whole request, where it is traced. */
  span: Span | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    record: RequestRecord;
  }
}

export const REQUEST_ID_HEADER = 'x-request-id';

/** What may stand in a log and in a header as it is. */
const REQUEST_ID = /^[\w.:/+=@-]{1,128}$/;

/** Goes to Fastify as `genReqId`: the id that a request came with, where it is one, else a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers[REQUEST_ID_HEADER];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/** Is told of every request, once, when it has ended. */
export type RequestObserver = (request: EndedRequest) => void;

export interface RecordOptions {
  readonly server: EndedRequest['server'];
  readonly observe: RequestObserver;
}

/**
 * Begins a record for every request, before anything else looks at it, and sends its id back.
 * @param server made with `genReqId: requestIdOf`
 */
export function keepRecords(server: FastifyInstance, options: RecordOptions): void {
  // Fastify wants a place of the same shape on every request; the value comes with the request.
  server.decorateRequest('record');
  server.addHook('onRequest', (request, reply, done) => {
    beginRecord(request, reply, options);
    done();
  });
}

/** For requests that Fastify refuses before its first hook as well; those that have a record keep it. */
export function beginRecord(
  request: FastifyRequest,
  reply: FastifyReply,
  { server, observe }: RecordOptions,
): void {
  if (hasRecord(request)) return;
  const { id } = request;
  const record: RequestRecord = {
    id,
    arrivedAt: performance.now(),
    subject: undefined,
    operation: undefined,
    operationName: undefined,
    failure: undefined,
    reason: undefined,
    broken: undefined,
    span: undefined,
  };
  request.record = record;
  records.set(request.raw, record);
  reply.header(REQUEST_ID_HEADER, id);
  // Comes once for each response, whether it was sent or its client went away before.
  reply.raw.once('close', () => {
    observe(endedRequest(server, record, reply.raw));
  });
}

function hasRecord({ record }: { readonly record?: RequestRecord }): boolean {
  return record !== undefined;
}

/** By the request as Node has it, for those who see no more of it. */
const records = new WeakMap<IncomingMessage, RequestRecord>();

/**
 * Answers what is no HTTP, or did not arrive in time, and tells of it: of a request that had begun as one that failed, when its
 * connection is closed.
 * @param answerTo writes the answer, which has the id that the log has
 * @returns takes the request that had begun, where there was one
 */
export function brokenAnswers(
  { server, observe }: RecordOptions,
  answerTo: (error: BrokenHttp, requestId: string) => BrokenHttpAnswer,
): (error: BrokenHttp, unfinished: IncomingMessage | undefined) => string {
  return (error, unfinished) => {
    const record = unfinished && records.get(unfinished);
    const requestId = record?.id ?? randomUUID();
    const { outcome, status, wire } = answerTo(error, requestId);
    const told = hasHungUp(error) ? { outcome: CLIENT_GONE, status: undefined } : { outcome, status };
    if (record) record.broken ??= told;
    else observe(brokenRequest(server, { requestId, ...told }));
    return wire;
  };
}
