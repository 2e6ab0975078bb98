import type { DestinationTransport } from '../control-plane/outbound';

/** How a destination has answered for one event. */
export type SendOutcome =
  | { readonly kind: 'taken' }
  /** The destination wants no events any more. */
  | { readonly kind: 'gone' }
  | SendFailure;

export interface SendFailure {
  readonly kind: 'failed';
  /** For the log. It contains no URL and no secret. */
  readonly reason: string;
  /** Whether other events would fail too: the destination can't be reached, or wants a pause. */
  readonly isDown: boolean;
  /** Whether the destination has read this event and refuses it, so that the failure says nothing about others. */
  readonly isRefusal?: boolean;
  /** The pause that the destination wants, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/** A way to send messages, as `envelopeOf` makes them and `JSON.stringify` writes them. */
export interface Transport {
  readonly kind: DestinationTransport;
  /** Messages that one request takes. */
  readonly batchSize: number;
  /**
   * Sends messages of different connections.
   * @param signal ends the try; what it has not reported by then has failed
   * @returns an outcome for each; never rejects
   */
  readonly send: (messages: readonly string[], signal: AbortSignal) => Promise<readonly SendOutcome[]>;
  /** Closes idle connections. */
  readonly close: () => void;
}

/** @param error what a library threw @param signal of the try */
export function failureOf(error: unknown, signal: AbortSignal, isDown: boolean): SendFailure {
  const cause: unknown = signal.aborted ? signal.reason : error;
  return { kind: 'failed', reason: reasonOf(cause), isDown };
}

const MAX_REASON = 300;

function reasonOf(error: unknown): string {
  if (!(typeof error === 'object' && error !== null && 'message' in error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const message = String(error.message);
  const reason = code === undefined || message.includes(code) ? message : `${message} (${code})`;
  return (reason === '' ? 'unknown error' : reason).slice(0, MAX_REASON);
}
