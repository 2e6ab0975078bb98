import type { Logger } from 'pino';

import type {
  Around,
  RequestEvent,
  RequestObserver,
  SubscriptionEvent,
  SubscriptionObserver,
} from './events';
import { createMetrics, type Metrics } from './metrics';
import { printable } from './printable';
import { inProtonSpan, inSdkSpan, inStoreSpan, timed } from './spans';

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
function logRequests(logger: Logger): RequestObserver {
  return (request: RequestEvent) => {
    const level = levelOf(request.outcome);
    if (!logger.isLevelEnabled(level)) return;
    const {
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
    } = request;
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

/** How subscriptions end that nothing is wrong with: a browser's tab is closed, or this server stops. */
const USUAL_ENDS: ReadonlySet<string> = new Set(['CLIENT_GONE', 'SERVER_STOPPING']);

/** Writes one log line per subscription, when it has ended or was refused. */
function logSubscriptions(logger: Logger): (event: SubscriptionEvent) => void {
  return (event) => {
    const level = USUAL_ENDS.has(event.outcome) ? 'info' : levelOf(event.outcome);
    if (!logger.isLevelEnabled(level)) return;
    const { operation, operationName, subject, reason, startedAt, ...rest } = event;
    logger[level](
      {
        ...rest,
        operation: operation ?? null,
        operationName: operationName === undefined ? undefined : printable(operationName, MAX_CLIENT_VALUE),
        subject: subject ?? null,
        reason: reason === undefined ? undefined : printable(reason, MAX_REASON),
        startedAt: new Date(startedAt).toISOString(),
      },
      'subscription',
    );
  };
}

function levelOf(outcome: string): 'info' | 'warn' | 'error' {
  if (outcome === 'OK') return 'info';
  return SERVER_FAILURES.has(outcome) ? 'error' : 'warn';
}

/** The log of requests, metrics and spans of one server. */
export interface Telemetry {
  readonly metrics: Metrics;
  /** Whether requests are traced. */
  readonly traced: boolean;
  readonly requestEnded: RequestObserver;
  readonly subscriptions: SubscriptionObserver;
  readonly aroundProton: Around;
  readonly aroundStore: Around;
  /** Wraps each HTTP request of the AWS SDK in a span; undefined when requests are not traced. */
  readonly aroundSdk: typeof inSdkSpan | undefined;
}

export interface TelemetryOptions {
  readonly logger: Logger;
  readonly traced: boolean;
}

export function createTelemetry({ logger, traced }: TelemetryOptions): Telemetry {
  const metrics = createMetrics();
  const log = logRequests(logger);
  const logSubscription = logSubscriptions(logger);
  const { subscriptions } = metrics;
  const timedProton = timed(metrics.countProtonCall);
  const timedStore = timed(metrics.countStoreCall);
  return {
    metrics,
    traced,
    requestEnded(request) {
      log(request);
      metrics.countRequest(request);
    },
    subscriptions: {
      started: subscriptions.started,
      delivered: subscriptions.delivered,
      ended(event, dropped) {
        logSubscription(event);
        subscriptions.ended(event, dropped);
      },
      refused(event) {
        logSubscription(event);
        subscriptions.refused(event);
      },
    },
    aroundProton: traced
      ? (operation, call) => inProtonSpan(operation, () => timedProton(operation, call))
      : timedProton,
    aroundStore: traced
      ? (operation, call) => inStoreSpan(operation, () => timedStore(operation, call))
      : timedStore,
    aroundSdk: traced ? inSdkSpan : undefined,
  };
}
