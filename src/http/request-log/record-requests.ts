import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { REQUEST_ID_HEADER } from '../headers';
import { isDisconnect, type ClientError, type MalformedHttpResponse } from '../lifecycle/malformed-http';
import { onResponseEnd } from '../lifecycle/response-end';
import { CLIENT_GONE, malformedRequestEvent, RequestRecord, type RequestLogOptions } from './request-record';

declare module 'fastify' {
  interface FastifyRequest {
    record: RequestRecord;
  }
}

/**
 * Creates a record for every request, before any other hook runs, and returns its id in a header.
 * @param server made with `genReqId: requestIdOf`
 */
export function recordRequests(server: FastifyInstance, options: RequestLogOptions): void {
  // Fastify wants every request to have the same shape; the hook sets the value.
  server.decorateRequest('record');
  server.addHook('onRequest', (request, reply, done) => {
    startRecord(request, reply, options);
    done();
  });
}

/** Also called for requests that Fastify rejects before the first hook. A request that has a record keeps it. */
export function startRecord(request: FastifyRequest, reply: FastifyReply, options: RequestLogOptions): void {
  if (hasRecord(request)) return;
  const { id } = request;
  const record = new RequestRecord(id, options);
  request.record = record;
  const raw: Recorded = request.raw;
  raw[RECORD] = record;
  reply.header(REQUEST_ID_HEADER, id);
  onResponseEnd(reply.raw, record);
}

function hasRecord({ record }: { readonly record?: RequestRecord }): boolean {
  return record !== undefined;
}

/** The record of Node's request, for `clientError` handlers, which have nothing else. */
const RECORD = Symbol('record');
type Recorded = IncomingMessage & { [RECORD]?: RequestRecord };

/**
 * Responds to malformed or late HTTP and reports it. A request that had started is reported as failed when its connection closes.
 * @param createResponse creates the response, which carries the same request id as the log
 * @returns a function for `handleMalformedHttp`
 */
export function respondToMalformedHttp(
  { server, observe }: RequestLogOptions,
  createResponse: (error: ClientError, requestId: string) => MalformedHttpResponse,
): (error: ClientError, unfinished: IncomingMessage | undefined) => string {
  return (error, unfinished: Recorded | undefined) => {
    const record = unfinished?.[RECORD];
    const requestId = record?.id ?? randomUUID();
    const { outcome, status, raw } = createResponse(error, requestId);
    const result = isDisconnect(error) ? { outcome: CLIENT_GONE, status: undefined } : { outcome, status };
    if (record) record.malformed ??= result;
    else observe(malformedRequestEvent(server, { requestId, ...result }));
    return raw;
  };
}
