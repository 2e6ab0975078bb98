import type { DocumentLimits } from '../graphql/limits/document-limits';
import { wholeNumber } from './env-types';
import type { Variables } from './environment';

export const MAX_LIMIT = 1_000_000_000;

export const LIMITS = {
  MAX_BODY_BYTES: wholeNumber(1_024, 1_073_741_824)
    .default(1_048_576)
    .describe('Size of a request’s body, in bytes.'),
  MAX_TOKENS: wholeNumber(1, MAX_LIMIT).default(2_000).describe('Tokens of a document.'),
  MAX_DEPTH: wholeNumber(1, MAX_LIMIT).default(12).describe('Levels of fields.'),
  MAX_ALIASES: wholeNumber(0, MAX_LIMIT).default(30).describe('Aliases.'),
  MAX_DIRECTIVES: wholeNumber(0, MAX_LIMIT).default(20).describe('Directives.'),
  MAX_REPRESENTATIONS: wholeNumber(1, MAX_LIMIT).default(1_000).describe('Representations in `_entities`.'),
  MAX_COST: wholeNumber(1, MAX_LIMIT)
    .default(10_000)
    .describe('Cost, [calculated from `@cost` and `@listSize`](limits.md).'),
  MAX_REPETITIONS: wholeNumber(1, MAX_LIMIT)
    .default(100)
    .describe('How often one selection set may select the same field, under any alias.'),
  MAX_VALIDATION_ERRORS: wholeNumber(1, MAX_LIMIT)
    .default(5)
    .describe('Validation errors that a response lists.'),
  MAX_IN_FLIGHT: wholeNumber(1, 1_000_000)
    .default(256)
    .describe('Requests that execute at a time. As many again wait; requests beyond that get `OVERLOADED`.'),
  SUBJECT_REQUESTS_PER_MINUTE: wholeNumber(1, MAX_LIMIT)
    .default(6_000)
    .describe('Requests per minute of one authenticated user.'),
  SUBJECT_COST_PER_MINUTE: wholeNumber(1, MAX_LIMIT)
    .default(1_000_000)
    .describe('Total cost per minute of one authenticated user’s requests.'),
};

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
