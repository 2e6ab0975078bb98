import { AsyncLocalStorage } from 'node:async_hooks';

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
