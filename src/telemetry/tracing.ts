import { diag, DiagLogLevel } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { Logger } from 'pino';

import type { TracingSettings } from '../config/tracing';

/** How long the last spans have to be sent, in milliseconds. */
const FLUSH_MS = 1_500;

export interface Tracing {
  /** Sends what is not sent yet. Resolves in time, whether it could or not. */
  readonly stop: () => Promise<void>;
}

/**
 * Makes the calls of OpenTelemetry's interface, which do nothing till then, record spans and send them by OTLP. Where to, how many
 * and under which name, the libraries read from the standard variables by themselves.
 */
export function startTracing({ propagated }: TracingSettings, logger: Logger): Tracing {
  const tell = (message: string, ...more: unknown[]) => {
    logger.warn({ component: 'tracing' }, [message, ...more].map(String).join(' ').slice(0, 500));
  };
  const nothing = () => undefined;
  diag.setLogger(
    { error: tell, warn: tell, info: nothing, debug: nothing, verbose: nothing },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'proton-subgraph' }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  // Left out, it is the standard's: `tracecontext` and `baggage`.
  provider.register(propagated ? {} : { propagator: null });
  return {
    async stop() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          tell(`the last spans were not sent within ${String(FLUSH_MS)} ms`);
          resolve();
        }, FLUSH_MS);
      });
      await Promise.race([provider.shutdown().catch(tell), late]);
      clearTimeout(timer);
    },
  };
}
