import type { Logger } from 'pino';

import type { Around, RequestObserver } from './events';
import { logRequests } from './log-requests';
import { createMetrics, type Metrics } from './metrics';
import { inProtonSpan, inSdkSpan, inStoreSpan, timed } from './spans';

/** The log of requests, metrics and spans of one server. */
export interface Telemetry {
  readonly metrics: Metrics;
  /** Whether requests are traced. */
  readonly traced: boolean;
  readonly requestEnded: RequestObserver;
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
  const timedProton = timed(metrics.countProtonCall);
  const timedStore = timed(metrics.countStoreCall);
  return {
    metrics,
    traced,
    requestEnded(request) {
      log(request);
      metrics.countRequest(request);
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
