import { types } from 'node:util';

import { propagation, context, SpanKind, SpanStatusCode, trace, type Attributes } from '@opentelemetry/api';

import type { Around, CallEvent } from './events';

const tracer = trace.getTracer('proton-subgraph');

interface SpanOptions {
  readonly kind: SpanKind;
  readonly attributes: Attributes;
}

/** Runs a call in a span of its own, the parent of all spans that start inside it. Returns what the call returns. */
function inSpan<Returned>(name: string, { kind, attributes }: SpanOptions, call: () => Returned): Returned {
  return tracer.startActiveSpan(name, { kind, attributes }, (span) =>
    observed(call, (failure) => {
      if (failure !== undefined) {
        // Only the code: messages may quote what a client sent.
        span.setAttribute('error.type', failure);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    }),
  );
}

export function inProtonSpan<Returned>(operation: string, call: () => Returned): Returned {
  const attributes = { 'code.function.name': `ProtonService.${operation}` };
  return inSpan(`proton ${operation}`, { kind: SpanKind.INTERNAL, attributes }, call);
}

export function inStoreSpan<Returned>(operation: string, call: () => Returned): Returned {
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
  return (operation, call) => {
    const startedAt = performance.now();
    return observed(call, (error) => {
      report({ operation, error, durationMs: performance.now() - startedAt });
    });
  };
}

/**
 * Runs a call that returns a value or a promise, and returns the same. A value needs no promise.
 * @param ended called once, when the call has ended, with the code of its failure
 */
function observed<Returned>(call: () => Returned, ended: (failure: string | undefined) => void): Returned {
  const fail = (thrown: unknown): never => {
    ended(failureCodeOf(thrown));
    throw thrown;
  };
  const succeed = <Result>(result: Result): Result => {
    ended(failureAmong(result));
    return result;
  };
  let returned: Returned;
  try {
    returned = call();
  } catch (thrown) {
    return fail(thrown);
  }
  // A promise with the same result is of the same type.
  return types.isPromise(returned) ? (returned.then(succeed, fail) as Returned) : succeed(returned);
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
