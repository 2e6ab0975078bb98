import type { ServerResponse } from 'node:http';

import type { Span } from '@opentelemetry/api';

import type { OperationRecord } from '../../graphql/graphql-context';
import type { RequestEvent, RequestObserver } from '../../telemetry/events';
import { closeReasonOf } from '../lifecycle/close-socket';
import type { ResponseListener } from '../lifecycle/response-end';

export interface RequestLogOptions {
  readonly server: RequestEvent['server'];
  readonly observe: RequestObserver;
}

/** What is known about a request so far, for the log and the metrics. Reports it when the response has ended. */
export class RequestRecord implements OperationRecord, ResponseListener {
  /** From `performance.now()`. */
  readonly arrivedAt = performance.now();
  /** Who sent the request, once that is known. */
  subject: string | undefined;
  operation: string | undefined;
  operationName: string | undefined;
  failure: string | undefined;
  isCompiled = false;
  isFaultReported = false;
  /** Whether the connection has become a WebSocket. */
  isUpgraded = false;
  /** Why authentication failed, or a callback was refused; never sent to the client. */
  reason: string | undefined;
  /** What was wrong with the HTTP of a request that never arrived completely, and the status of the response, if there was one. */
  malformed: { readonly outcome: string; readonly status: number | undefined } | undefined;
  /** The span of the whole request, when it is traced. */
  span: Span | undefined;

  /** @param id the client's `x-request-id`, or a generated one */
  constructor(
    readonly id: string,
    private readonly options: RequestLogOptions,
  ) {}

  /** Called once per response, whether it was sent or the client disconnected. */
  responseEnded(response: ServerResponse): void {
    this.options.observe(requestEvent(this.options.server, this, response));
  }
}

const OK = 'OK';

/** The client disconnected before the whole response was sent. */
export const CLIENT_GONE = 'CLIENT_GONE';

/** The event of a request whose response has ended. */
function requestEvent(
  server: RequestEvent['server'],
  record: RequestRecord,
  response: ServerResponse,
): RequestEvent {
  return {
    server,
    requestId: record.id,
    operation: record.operation,
    operationName: record.operationName,
    isCompiled: record.isCompiled,
    subject: record.subject,
    // An unfinished response was cut off by this server, by malformed HTTP, or by the client.
    outcome:
      response.writableFinished || record.isUpgraded
        ? (record.failure ?? OK)
        : (closeReasonOf(response.req.socket) ?? record.malformed?.outcome ?? CLIENT_GONE),
    reason: record.reason,
    status: record.isUpgraded ? 101 : response.headersSent ? response.statusCode : record.malformed?.status,
    durationMs: performance.now() - record.arrivedAt,
    trace: record.span?.spanContext(),
  };
}

/** The event of input that never became a request: malformed HTTP, or a header that took too long. */
export function malformedRequestEvent(
  server: RequestEvent['server'],
  { requestId, outcome, status }: Pick<RequestEvent, 'requestId' | 'outcome' | 'status'>,
): RequestEvent {
  return {
    server,
    requestId,
    operation: undefined,
    operationName: undefined,
    isCompiled: false,
    subject: undefined,
    outcome,
    reason: undefined,
    status,
    durationMs: 0,
    trace: undefined,
  };
}
