import type { Logger } from 'pino';

import { logRequests, type LoggedRequest } from './log-requests';
import { createMetrics, type Metrics } from './metrics';
import { inProtonSpan, inSdkSpan, inStoreSpan } from './spans';
import { timing } from './timed-calls';

/** Carries out a call, and looks at what becomes of it. */
export type Around = <Answer>(operation: string, call: () => Promise<Answer>) => Promise<Answer>;

/** All that watches the server at work. */
export interface Telemetry {
  readonly metrics: Metrics;
  /** Whether requests are traced. */
  readonly traced: boolean;
  /** To be told of every request, once, when it has ended. */
  readonly requestEnded: (request: LoggedRequest) => void;
  readonly aroundProton: Around;
  readonly aroundStore: Around;
  /** To send what the AWS SDK sends; undefined where nothing is to be seen of it. */
  readonly aroundSdk: typeof inSdkSpan | undefined;
}

export interface TelemetryOptions {
  readonly logger: Logger;
  readonly traced: boolean;
}

export function createTelemetry({ logger, traced }: TelemetryOptions): Telemetry {
  const metrics = createMetrics();
  const log = logRequests(logger);
  const timedProton = timing(metrics.countProtonCall);
  const timedStore = timing(metrics.countStoreCall);
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
