import type { DocumentLimits } from '../graphql/limits/document-limits';
import type { Variables } from './environment';

/** The size limits of a request, and the rate limits of users. */
export interface LimitsConfig {
  readonly bodyBytes: number;
  readonly document: DocumentLimits;
  /** Requests that execute at a time; as many again may wait. */
  readonly inFlight: number;
  readonly subject: { readonly requestsPerMinute: number; readonly costPerMinute: number };
}

export function limitsConfig(variables: Variables): LimitsConfig {
  return {
    bodyBytes: variables.MAX_BODY_BYTES,
    document: {
      tokens: variables.MAX_TOKENS,
      depth: variables.MAX_DEPTH,
      aliases: variables.MAX_ALIASES,
      directives: variables.MAX_DIRECTIVES,
      representations: variables.MAX_REPRESENTATIONS,
      cost: variables.MAX_COST,
      repetitions: variables.MAX_REPETITIONS,
      validationErrors: variables.MAX_VALIDATION_ERRORS,
    },
    inFlight: variables.MAX_IN_FLIGHT,
    subject: {
      requestsPerMinute: variables.SUBJECT_REQUESTS_PER_MINUTE,
      costPerMinute: variables.SUBJECT_COST_PER_MINUTE,
    },
  };
}

/** Timeouts, in milliseconds. */
export interface TimingConfig {
  readonly requestMs: number;
  readonly keepAliveMs: number;
  readonly executionMs: number;
  readonly shutdown: { readonly delayMs: number; readonly graceMs: number; readonly signalRepeatMs: number };
}

export function timingConfig(variables: Variables): TimingConfig {
  return {
    requestMs: variables.REQUEST_TIMEOUT_MS,
    keepAliveMs: variables.KEEP_ALIVE_TIMEOUT_MS,
    executionMs: variables.EXECUTION_TIMEOUT_MS,
    shutdown: {
      delayMs: variables.SHUTDOWN_DELAY_MS,
      graceMs: variables.SHUTDOWN_GRACE_MS,
      signalRepeatMs: variables.SHUTDOWN_SIGNAL_REPEAT_MS,
    },
  };
}
