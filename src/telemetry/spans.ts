import { propagation, context, SpanKind, SpanStatusCode, trace, type Attributes } from '@opentelemetry/api';

import type { Around, CallEvent } from './events';

const tracer = trace.getTracer('proton-subgraph');

interface SpanOptions {
  readonly kind: SpanKind;
  readonly attributes: Attributes;
}

/** Runs a call in a span of its own, the parent of all spans that start inside it. */
export function inSpan<Result>(
  name: string,
  { kind, attributes }: SpanOptions,
  call: () => Promise<Result>,
): Promise<Result> {
  return tracer.startActiveSpan(name, { kind, attributes }, async (span) => {
    const fail = (code: string) => {
      // Only the code: messages may quote what a client sent.
      span.setAttribute('error.type', code);
      span.setStatus({ code: SpanStatusCode.ERROR });
    };
    try {
      const result = await call();
      const failure = failureAmong(result);
      if (failure !== undefined) fail(failure);
      return result;
    } catch (error) {
      fail(failureCodeOf(error));
      throw error;
    } finally {
      span.end();
    }
  });
}

export function inProtonSpan<Result>(operation: string, call: () => Promise<Result>): Promise<Result> {
  const attributes = { 'code.function.name': `ProtonService.${operation}` };
  return inSpan(`proton ${operation}`, { kind: SpanKind.INTERNAL, attributes }, call);
}

export function inStoreSpan<Result>(operation: string, call: () => Promise<Result>): Promise<Result> {
  const attributes = { 'db.system.name': 'sqlite', 'db.operation.name': operation };
  return inSpan(`store ${operation}`, { kind: SpanKind.CLIENT, attributes }, call);
}

/** An HTTP request of the AWS SDK. */
interface OutgoingRequest {
  readonly method: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly headers: Record<string, string>;
}

const TARGET = /^AwsProton20200720\.([A-Za-z]{1,64})$/;

/**
 * Sends one attempt of an AWS call in a span of its own, with the trace in its headers. These headers are not signed, so that a proxy
 * may replace them.
 */
export function inSdkSpan<Result extends { readonly response: { readonly statusCode: number } }>(
  request: OutgoingRequest,
  send: () => Promise<Result>,
): Promise<Result> {
  const [, method = 'call'] = TARGET.exec(request.headers['x-amz-target'] ?? '') ?? [];
  const attributes: Attributes = {
    'rpc.system': 'aws-api',
    'rpc.service': 'Proton',
    'rpc.method': method,
    'http.request.method': request.method,
    'server.address': request.hostname,
    ...(request.port === undefined ? {} : { 'server.port': request.port }),
  };
  return inSpan(`Proton/${method}`, { kind: SpanKind.CLIENT, attributes }, async () => {
    // Baggage belongs to our callers and must not reach AWS.
    propagation.inject(propagation.deleteBaggage(context.active()), request.headers);
    const result = await send();
    const { statusCode } = result.response;
    const span = trace.getActiveSpan();
    span?.setAttribute('http.response.status_code', statusCode);
    if (statusCode >= 400) span?.setStatus({ code: SpanStatusCode.ERROR });
    return result;
  });
}

/** Measures calls on a port, and reports each with its duration and failure. */
export function timed(report: (call: CallEvent) => void): Around {
  return async (operation, call) => {
    const startedAt = performance.now();
    let error: string | undefined;
    try {
      const result = await call();
      error = failureAmong(result);
      return result;
    } catch (thrown) {
      error = failureCodeOf(thrown);
      throw thrown;
    } finally {
      report({ operation, error, durationMs: performance.now() - startedAt });
    }
  };
}

/** The code of the first failure in a batch's results. */
function failureAmong(result: unknown): string | undefined {
  if (!Array.isArray(result)) return undefined;
  const failed: unknown = result.find((each) => each instanceof Error);
  return failed === undefined ? undefined : failureCodeOf(failed);
}

/** The code of an expected failure; anything else is an internal error. */
function failureCodeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : 'INTERNAL_SERVER_ERROR';
}
