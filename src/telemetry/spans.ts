import { propagation, context, SpanKind, SpanStatusCode, trace, type Attributes } from '@opentelemetry/api';

import { codeOf, failureAmong } from './timed-calls';

const tracer = trace.getTracer('proton-subgraph');

interface SpanOptions {
  readonly kind: SpanKind;
  readonly attributes: Attributes;
}

/** Carries out a call in a span of its own, which is the parent of all spans that begin in there. */
export function inSpan<Answer>(
  name: string,
  { kind, attributes }: SpanOptions,
  call: () => Promise<Answer>,
): Promise<Answer> {
  return tracer.startActiveSpan(name, { kind, attributes }, async (span) => {
    const fail = (code: string) => {
      // The code alone: messages quote what callers sent.
      span.setAttribute('error.type', code);
      span.setStatus({ code: SpanStatusCode.ERROR });
    };
    try {
      const answer = await call();
      const failure = failureAmong(answer);
      if (failure !== undefined) fail(failure);
      return answer;
    } catch (error) {
      fail(codeOf(error));
      throw error;
    } finally {
      span.end();
    }
  });
}

export function inProtonSpan<Answer>(operation: string, call: () => Promise<Answer>): Promise<Answer> {
  const attributes = { 'code.function.name': `ProtonService.${operation}` };
  return inSpan(`proton ${operation}`, { kind: SpanKind.INTERNAL, attributes }, call);
}

export function inStoreSpan<Answer>(operation: string, call: () => Promise<Answer>): Promise<Answer> {
  const attributes = { 'db.system.name': 'sqlite', 'db.operation.name': operation };
  return inSpan(`store ${operation}`, { kind: SpanKind.CLIENT, attributes }, call);
}

/** A request to AWS, or to whatever speaks its protocol. */
interface OutgoingRequest {
  readonly method: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly headers: Record<string, string>;
}

const TARGET = /^AwsProton20200720\.([A-Za-z]{1,64})$/;

/**
 * Sends an attempt of a call in a span of its own, and the trace along with it. The headers that carry it are not signed, so that
 * whatever stands between here and there may set its own.
 */
export function inSdkSpan<Answer extends { readonly response: { readonly statusCode: number } }>(
  request: OutgoingRequest,
  send: () => Promise<Answer>,
): Promise<Answer> {
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
    // Baggage is what others upstream say of their request, and none of AWS's business.
    propagation.inject(propagation.deleteBaggage(context.active()), request.headers);
    const answer = await send();
    const { statusCode } = answer.response;
    const span = trace.getActiveSpan();
    span?.setAttribute('http.response.status_code', statusCode);
    if (statusCode >= 400) span?.setStatus({ code: SpanStatusCode.ERROR });
    return answer;
  });
}
