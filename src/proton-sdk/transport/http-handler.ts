import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';

import type { HttpHandler, HttpRequest } from '@smithy/protocol-http';
import { HttpResponse } from '@smithy/protocol-http';

/**
 * What goes with one call through the SDK, from the sender down to the request handler and back. It travels beside the call, for
 * the SDK forgets its prepared middleware (`cacheMiddleware`) as soon as a call comes with options of its own, such as an abort
 * signal: measured, that is a quarter of a call's time in the processor.
 */
export interface CallScope {
  /** Aborted when the request's time is up, or nobody waits for it any more. */
  readonly signal: AbortSignal;
  /** What Proton said last about too many calls; undefined when it has not. */
  throttling: unknown;
  /** Whether the last attempt was signed with a clock that is off. */
  clockWasOff: boolean;
}

export type CallScopes = Pick<AsyncLocalStorage<CallScope>, 'run' | 'getStore'>;

export function createCallScopes(): CallScopes {
  return new AsyncLocalStorage<CallScope>();
}

/** Far more than a page of a hundred connections, and little enough to hold many times over. */
const MOST_BYTES = 4 * 1024 * 1024;

/** The clock may be this far off before Proton minds; beyond it the signature is refused. */
const CLOCK_TOLERANCE_MS = 4 * 60 * 1000;

/** The ways in which AWS says that a signature's time is not its own. */
const CLOCK_ERRORS =
  /RequestExpired|InvalidSignatureException|RequestTimeTooSkewed|RequestInTheFuture|SignatureDoesNotMatch/;

/**
 * An answer that Proton can't have given: something between here and there is broken. As every operation may be repeated, and the
 * next attempt may take another way, the SDK is told to retry.
 */
export class UnusableAnswer extends Error {
  override readonly name = 'UnusableAnswer';
  readonly $retryable = { throttling: false };
}

/** An attempt that took more than its share of the time. The SDK retries an error of this name. */
class AttemptTimeout extends Error {
  override readonly name = 'TimeoutError';
}

/** Carries out an attempt, and may look at what becomes of it. */
export type AroundAttempt = <Answer extends { readonly response: HttpResponse }>(
  request: HttpRequest,
  send: () => Promise<Answer>,
) => Promise<Answer>;

export interface GuardedHandlerParts {
  /** What speaks HTTP. */
  readonly inner: Pick<HttpHandler, 'handle'>;
  readonly scopes: CallScopes;
  /** Sends each attempt, and may add to its headers, which are signed by then. */
  readonly around?: AroundAttempt | undefined;
  /** How long one attempt may take, from the wait for a socket to the last byte of the answer. */
  readonly attemptTimeoutMs: number;
}

/**
 * The SDK's request handler, with what it leaves open: a bound on an attempt that includes the body, however slowly it drips; a
 * bound on the body's size; answers that are none refused before they are read; and no trust in the time that others tell.
 */
export function createGuardedHandler({
  inner,
  scopes,
  around = (_request, send) => send(),
  attemptTimeoutMs,
}: GuardedHandlerParts): HttpHandler {
  return {
    async handle(request) {
      const scope = scopes.getStore();
      if (!scope) throw new Error('a request was made outside of a call');
      const attempt = startAttempt(scope.signal, attemptTimeoutMs);
      try {
        const { response } = await around(request, () =>
          inner.handle(request, { abortSignal: attempt.signal }),
        );
        const body = await bodyOf(response, attempt.signal);
        scope.clockWasOff =
          isClockError(response, body) && Math.abs(skewOf(request, response)) > CLOCK_TOLERANCE_MS;
        return { response: usable(response, body, { trustDate: isClockError(response, body) }) };
      } catch (error) {
        throw attempt.timedOut()
          ? new AttemptTimeout(`no answer within ${String(attemptTimeoutMs)} ms`, { cause: error })
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

function startAttempt(whole: AbortSignal, timeoutMs: number) {
  const controller = new AbortController();
  let late = false;
  const give = () => {
    controller.abort(whole.reason);
  };
  const timer = setTimeout(() => {
    late = true;
    controller.abort(new Error('the attempt took too long'));
  }, timeoutMs).unref();
  whole.addEventListener('abort', give, { once: true });
  if (whole.aborted) give();
  return {
    signal: controller.signal,
    timedOut: () => late,
    end() {
      clearTimeout(timer);
      whole.removeEventListener('abort', give);
    },
  };
}

/** Reads the answer whole, up to the bound. What is not wanted is cut off with its connection. */
async function bodyOf(response: HttpResponse, signal: AbortSignal): Promise<Buffer> {
  const body: unknown = response.body;
  if (!(body instanceof Readable)) throw new Error('the HTTP handler answered without a stream');
  const cut = () => {
    body.destroy(signal.reason instanceof Error ? signal.reason : undefined);
  };
  signal.addEventListener('abort', cut, { once: true });
  if (signal.aborted) cut();
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      // Leaving the loop destroys the stream.
      if (size > MOST_BYTES) throw new UnusableAnswer(`an answer of more than ${String(MOST_BYTES)} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  } finally {
    signal.removeEventListener('abort', cut);
  }
}

/**
 * The answer as the SDK gets it.
 *
 * The SDK sets its clock by the `Date` of whatever answers it. One answer of a proxy whose clock is wrong would have the next
 * request signed for the wrong hour; so the date is only shown where Proton says that ours is the wrong one.
 */
function usable(
  { statusCode, headers }: HttpResponse,
  body: Buffer,
  { trustDate }: { trustDate: boolean },
): HttpResponse {
  const { date, ...others } = headers;
  if (statusCode < 300) {
    if (!/\bjson\b|-json-/.test(headers['content-type'] ?? '')) {
      throw new UnusableAnswer(`an answer with the content type ${headers['content-type'] ?? 'none'}`);
    }
    if (body.length === 0) throw new UnusableAnswer('an empty answer');
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
