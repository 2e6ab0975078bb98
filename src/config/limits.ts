import type { Variables } from './environment';

/** What may be asked for at most. */
export interface LimitsConfig {
  readonly bodyBytes: number;
  readonly document: {
    readonly tokens: number;
    readonly depth: number;
    readonly aliases: number;
    readonly directives: number;
    readonly representations: number;
    readonly cost: number;
    /** Of one field in one place. */
    readonly repetitions: number;
    readonly validationErrors: number;
  };
  /** Requests that are worked on at a time; as many again may wait. */
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
