import type { Logger } from 'pino';

import { printable } from './printable';

/** A request that has ended, as its line in the log tells it. */
export interface LoggedRequest {
  readonly server: 'graphql' | 'endpoint';
  readonly requestId: string;
  /** Undefined where none was recognised. */
  readonly operation: string | undefined;
  /** The name that the sender gave it. */
  readonly operationName: string | undefined;
  readonly subject: string | undefined;
  /** `OK`, or the code of the first thing that went wrong. */
  readonly outcome: string;
  /** Why it was not believed who sent it; undefined where it was, or nobody asked. */
  readonly reason: string | undefined;
  /** Undefined where no answer was sent. */
  readonly status: number | undefined;
  readonly durationMs: number;
  /** Where it stands in a trace; undefined where there is none. */
  readonly trace: { readonly traceId: string; readonly spanId: string } | undefined;
}

/** Characters of what a caller chose. */
const MOST = 128;

/** Characters of a sentence of our own, which may quote what a caller sent. */
const MOST_OF_REASON = 300;

/** What is for us to mend; everything else that is not well is for the caller. */
const OURS: ReadonlySet<string> = new Set([
  'INTERNAL_SERVER_ERROR',
  'InternalServerException',
  'UNAVAILABLE',
  'NOT_READY',
  'CUT_AT_STOP',
]);

/** Writes one line for each request that has ended. */
export function logRequests(logger: Logger): (request: LoggedRequest) => void {
  return ({
    server,
    requestId,
    operation,
    operationName,
    subject,
    outcome,
    reason,
    status,
    durationMs,
    trace,
  }) => {
    const level = levelOf(outcome);
    if (!logger.isLevelEnabled(level)) return;
    logger[level](
      {
        requestId,
        server,
        // Always there, so that whoever looks for what is missing finds it.
        operation: operation ?? null,
        operationName: operationName === undefined ? undefined : printable(operationName, MOST),
        subject: subject ?? null,
        durationMs: Math.round(durationMs * 1000) / 1000,
        outcome,
        reason: reason === undefined ? undefined : printable(reason, MOST_OF_REASON),
        status,
        trace_id: trace?.traceId,
        span_id: trace?.spanId,
      },
      'request',
    );
  };
}

function levelOf(outcome: string): 'info' | 'warn' | 'error' {
  if (outcome === 'OK') return 'info';
  return OURS.has(outcome) ? 'error' : 'warn';
}
