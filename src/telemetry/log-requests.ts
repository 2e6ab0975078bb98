import type { Logger } from 'pino';

import type { RequestEvent, RequestObserver } from './events';
import { printable } from './printable';

/** Characters of a value that the client chose. */
const MAX_CLIENT_VALUE = 128;

/** Characters of a reason, which may quote the client. */
const MAX_REASON = 300;

/** Failures on the server's side, logged as errors. Other failures are the client's and are logged as warnings. */
const SERVER_FAILURES: ReadonlySet<string> = new Set([
  'INTERNAL_SERVER_ERROR',
  'InternalServerException',
  'UNAVAILABLE',
  'NOT_READY',
  'CUT_AT_STOP',
]);

/** Writes one log line per request. */
export function logRequests(logger: Logger): RequestObserver {
  return ({ server, requestId, operation, operationName, subject, outcome, ...request }: RequestEvent) => {
    const level = levelOf(outcome);
    if (!logger.isLevelEnabled(level)) return;
    const { reason, status, durationMs, trace } = request;
    logger[level](
      {
        requestId,
        server,
        // Null rather than absent, so that a search for missing values finds them.
        operation: operation ?? null,
        operationName: operationName === undefined ? undefined : printable(operationName, MAX_CLIENT_VALUE),
        subject: subject ?? null,
        durationMs: Math.round(durationMs * 1000) / 1000,
        outcome,
        reason: reason === undefined ? undefined : printable(reason, MAX_REASON),
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
  return SERVER_FAILURES.has(outcome) ? 'error' : 'warn';
}
