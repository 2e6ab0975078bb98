import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

import { readMessage, type Field } from './protobuf';

export interface ReceivedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root span. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface OtlpReceiver {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly origin: string;
  readonly spans: readonly ReceivedSpan[];
  /** All received bytes. */
  readonly bytes: () => Buffer;
  readonly stop: () => Promise<void>;
}

/** Starts a receiver for traces: OTLP over HTTP with protobuf. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const bodies: Buffer[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      bodies.push(body);
      if (request.url === '/v1/traces') spans.push(...spansIn(body));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    spans,
    bytes: () => Buffer.concat(bodies),
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Reads an `ExportTraceServiceRequest` by its field numbers in opentelemetry-proto. */
function spansIn(body: Buffer): ReceivedSpan[] {
  return all(readMessage(body), 1).flatMap((resourceSpans) => {
    const resource = all(readMessage(resourceSpans), 1).flatMap((bytes) => all(readMessage(bytes), 1));
    const service = attributesOf(resource)['service.name'] ?? '';
    return all(readMessage(resourceSpans), 2)
      .flatMap((scopeSpans) => all(readMessage(scopeSpans), 2))
      .map((bytes) => {
        const span = readMessage(bytes);
        const [traceId, spanId, parentSpanId, name] = [1, 2, 4, 5].map((number) => all(span, number)[0]);
        return {
          service,
          traceId: traceId?.toString('hex') ?? '',
          spanId: spanId?.toString('hex') ?? '',
          parentSpanId: parentSpanId?.toString('hex') ?? '',
          name: name?.toString() ?? '',
          attributes: attributesOf(all(span, 9)),
        };
      });
  });
}

function attributesOf(pairs: readonly Buffer[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const fields = readMessage(pair);
      const [value] = all(fields, 2);
      const [first] = value ? readMessage(value) : [];
      return [all(fields, 1)[0]?.toString() ?? '', first?.value.toString() ?? ''];
    }),
  );
}

function all(fields: readonly Field[], number: number): readonly Buffer[] {
  return fields.flatMap((field) =>
    field.number === number && Buffer.isBuffer(field.value) ? [field.value] : [],
  );
}
