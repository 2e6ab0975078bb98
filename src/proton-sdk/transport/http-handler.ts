import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';

import type { HttpHandler, HttpRequest } from '@smithy/protocol-http';
import { HttpResponse } from '@smithy/protocol-http';

/**
 * State of one call through the SDK, shared by the caller, the middleware and the HTTP handler. It is in an `AsyncLocalStorage`
 * instead of the call's options, because any option, such as an abort signal, keeps the SDK from using its cached middleware
 * (`cacheMiddleware`). Measured, that costs a quarter of a call's CPU time.
 */
export interface CallScope {
  /** Aborted when the request's time is up or its client is gone. */
  readonly signal: AbortSignal;
  /** The last attempt's error, if Proton throttled it. */
  throttling: unknown;
  /** Whether Proton rejected the last attempt because our clock is wrong. */
  clockSkewed: boolean;
}

export type CallScopes = Pick<AsyncLocalStorage<CallScope>, 'run' | 'getStore'>;

export function createCallScopes(): CallScopes {
  return new AsyncLocalStorage<CallScope>();
}

/** Much larger than a page of 100 connections, and small enough to hold many of them in memory. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** AWS tolerates 5 minutes of clock skew, so a clock error with less skew than this has another reason. */
const CLOCK_TOLERANCE_MS = 4 * 60 * 1000;

/** The errors that AWS may return when the time in a signature differs from its own. */
const CLOCK_ERRORS =
  /RequestExpired|InvalidSignatureException|RequestTimeTooSkewed|RequestInTheFuture|SignatureDoesNotMatch/;

/**
 * A response that can't come from Proton, so something in between is broken. The SDK retries, because the next attempt may take
 * another route, and repeating any operation is safe.
 */
export class UnusableResponseError extends Error {
  override readonly name = 'UnusableResponseError';
  readonly $retryable = { throttling: false };
}

/** An attempt took too long. The SDK retries errors with this name. */
class AttemptTimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/** Sends one attempt, for example inside a span. It may add headers to the request, which has already been signed. */
export type AroundAttempt = <Result extends { readonly response: HttpResponse }>(
  request: HttpRequest,
  send: () => Promise<Result>,
) => Promise<Result>;

export interface HttpHandlerOptions {
  /** The SDK's own handler, which sends the requests. */
  readonly inner: Pick<HttpHandler, 'handle'>;
  readonly scopes: CallScopes;
  readonly around?: AroundAttempt | undefined;
  /** How long one attempt may take, from waiting for a socket to the last byte of the response. */
  readonly attemptTimeoutMs: number;
}

/**
 * Wraps the SDK's HTTP handler and adds what it lacks: a timeout per attempt that includes reading the body, a limit on the body's
 * size, rejection of responses that are not Proton's, and protection of the SDK's clock against wrong `Date` headers.
 */
export function createHttpHandler({
  inner,
  scopes,
  around = (_request, send) => send(),
  attemptTimeoutMs,
}: HttpHandlerOptions): HttpHandler {
  return {
    async handle(request) {
      const scope = scopes.getStore();
      if (!scope) throw new Error('the SDK sent a request outside of a call');
      const attempt = startAttempt(scope.signal, attemptTimeoutMs);
      try {
        const { response } = await around(request, () =>
          inner.handle(request, { abortSignal: attempt.signal }),
        );
        const body = await readBody(response, attempt.signal);
        scope.clockSkewed =
          isClockError(response, body) && Math.abs(skewOf(request, response)) > CLOCK_TOLERANCE_MS;
        return { response: checkedResponse(response, body, { trustDate: isClockError(response, body) }) };
      } catch (error) {
        throw attempt.timedOut()
          ? new AttemptTimeoutError(`no response within ${String(attemptTimeoutMs)} ms`, { cause: error })
          : error;
      } finally {
        attempt.end();
      }
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    metadata: { handlerProtocol: 'http/1.1' },
  };
}

function startAttempt(request: AbortSignal, timeoutMs: number) {
  const controller = new AbortController();
  let timedOut = false;
  const cancel = () => {
    controller.abort(request.reason);
  };
  const timer = setTimeout(() => {
    timedOut = true;
    controller.abort(new Error('the attempt took too long'));
  }, timeoutMs).unref();
  request.addEventListener('abort', cancel, { once: true });
  if (request.aborted) cancel();
  return {
    signal: controller.signal,
    timedOut: () => timedOut,
    end() {
      clearTimeout(timer);
      request.removeEventListener('abort', cancel);
    },
  };
}

/** Reads the body, up to the maximum. Closes the connection if the body is too large or the attempt is aborted. */
async function readBody(response: HttpResponse, signal: AbortSignal): Promise<Buffer> {
  const body: unknown = response.body;
  if (!(body instanceof Readable)) throw new Error('the HTTP handler returned no stream');
  const destroy = () => {
    body.destroy(signal.reason instanceof Error ? signal.reason : undefined);
  };
  signal.addEventListener('abort', destroy, { once: true });
  if (signal.aborted) destroy();
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      // Throwing inside the loop destroys the stream.
      if (size > MAX_BODY_BYTES)
        throw new UnusableResponseError(`a response of more than ${String(MAX_BODY_BYTES)} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  } finally {
    signal.removeEventListener('abort', destroy);
  }
}

/**
 * Checks a response and returns it to the SDK.
 *
 * The SDK corrects its clock by the `Date` header of every response, so one response of a proxy with a wrong clock would make it
 * sign the next request for the wrong time. The header is removed unless Proton reports that our clock is wrong.
 */
function checkedResponse(
  { statusCode, headers }: HttpResponse,
  body: Buffer,
  { trustDate }: { trustDate: boolean },
): HttpResponse {
  const { date, ...others } = headers;
  if (statusCode < 300) {
    if (!/\bjson\b|-json-/.test(headers['content-type'] ?? '')) {
      throw new UnusableResponseError(
        `a response with the content type ${headers['content-type'] ?? 'none'}`,
      );
    }
    if (body.length === 0) throw new UnusableResponseError('an empty response');
  }
  return new HttpResponse({
    statusCode,
    headers: trustDate && date !== undefined ? headers : others,
    body: new Uint8Array(body.buffer, body.byteOffset, body.length),
  });
}

function isClockError({ statusCode, headers }: HttpResponse, body: Buffer): boolean {
  if (statusCode < 400 || statusCode >= 500) return false;
  return CLOCK_ERRORS.test(headers['x-amzn-errortype'] ?? body.toString('utf8', 0, 1024));
}

function skewOf(request: HttpRequest, { headers }: HttpResponse): number {
  const signedAt = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(request.headers['x-amz-date'] ?? '');
  const [, ...parts] = signedAt ?? [];
  const [year = NaN, month = NaN, ...rest] = parts.map(Number);
  const skew = Date.parse(headers['date'] ?? '') - Date.UTC(year, month - 1, ...rest);
  return Number.isNaN(skew) ? 0 : skew;
}
