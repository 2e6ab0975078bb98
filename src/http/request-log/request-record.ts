import type { ServerResponse } from 'node:http';

import { whyCut } from '../lifecycle/cut';
import type { RequestRecord } from './record-requests';

/** A request that has ended, for the log and the metrics. */
export interface EndedRequest {
  readonly server: 'graphql' | 'endpoint';
  readonly requestId: string;
  readonly operation: string | undefined;
  readonly operationName: string | undefined;
  readonly subject: string | undefined;
  /** `OK`, or the code of the first thing that went wrong. */
  readonly outcome: string;
  /** Why it was not believed, where it was not; for the log alone. */
  readonly reason: string | undefined;
  /** Undefined where no answer was sent. */
  readonly status: number | undefined;
  readonly durationMs: number;
  /** Where it stands in a trace; undefined where there is none. */
  readonly trace: { readonly traceId: string; readonly spanId: string } | undefined;
}

const OK = 'OK';

/** The client went away before its answer was all there. */
export const CLIENT_GONE = 'CLIENT_GONE';

export function endedRequest(
  server: EndedRequest['server'],
  record: RequestRecord,
  response: ServerResponse,
): EndedRequest {
  return {
    server,
    requestId: record.id,
    operation: record.operation,
    operationName: record.operationName,
    subject: record.subject,
    // A request that is cut off fails for want of its end, whoever reads it: what counts is who cut it off.
    outcome: response.writableFinished
      ? (record.failure ?? OK)
      : (whyCut(response.req.socket) ?? record.broken?.outcome ?? CLIENT_GONE),
    reason: record.reason,
    status: response.headersSent ? response.statusCode : record.broken?.status,
    durationMs: performance.now() - record.arrivedAt,
    trace: record.span?.spanContext(),
  };
}

/** What ended before it was a request: what arrived was no HTTP, or did not arrive in time. */
export function brokenRequest(
  server: EndedRequest['server'],
  { requestId, outcome, status }: Pick<EndedRequest, 'requestId' | 'outcome' | 'status'>,
): EndedRequest {
  return {
    server,
    requestId,
    operation: undefined,
    operationName: undefined,
    subject: undefined,
    outcome,
    reason: undefined,
    status,
    durationMs: 0,
    trace: undefined,
  };
}
