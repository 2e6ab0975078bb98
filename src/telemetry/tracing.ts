import { diag, DiagLogLevel } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { Logger } from 'pino';

/** How long sending the last spans may take, in milliseconds. */
const FLUSH_MS = 1_500;

export interface Tracing {
  /** Sends the remaining spans. Resolves after 1.5 s at the latest. */
  readonly stop: () => Promise<void>;
}

/**
 * Records spans and sends them by OTLP; until then, OpenTelemetry's API does nothing. The libraries read endpoint, sampling and
 * service name from OpenTelemetry's standard variables.
 */
export function startTracing({ propagated }: { readonly propagated: boolean }, logger: Logger): Tracing {
  const warn = (message: string, ...more: unknown[]) => {
    logger.warn({ component: 'tracing' }, [message, ...more].map(String).join(' ').slice(0, 500));
  };
  const ignore = () => undefined;
  diag.setLogger(
    { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'proton-subgraph' }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  // The default is `tracecontext` and `baggage`.
  provider.register(propagated ? {} : { propagator: null });
  return {
    async stop() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          warn(`the last spans were not sent within ${String(FLUSH_MS)} ms`);
          resolve();
        }, FLUSH_MS);
      });
      await Promise.race([provider.shutdown().catch(warn), late]);
      clearTimeout(timer);
    },
  };
}
