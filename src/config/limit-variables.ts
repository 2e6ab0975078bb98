import { wholeNumber } from './env-types';

const MOST = 1_000_000_000;

/** What one request may ask for, and what one caller, or all of them, may ask for at a time. */
export const LIMIT_VARIABLES = {
  /** Bytes. */
  MAX_BODY_BYTES: wholeNumber(1_024, 1_073_741_824).default(1_048_576),
  MAX_TOKENS: wholeNumber(1, MOST).default(2_000),
  MAX_DEPTH: wholeNumber(1, MOST).default(12),
  MAX_ALIASES: wholeNumber(0, MOST).default(30),
  MAX_DIRECTIVES: wholeNumber(0, MOST).default(20),
  MAX_REPRESENTATIONS: wholeNumber(1, MOST).default(1_000),
  MAX_COST: wholeNumber(1, MOST).default(10_000),
  /** Times that a document may select one field in one place, under whatever alias. */
  MAX_REPETITIONS: wholeNumber(1, MOST).default(100),
  MAX_VALIDATION_ERRORS: wholeNumber(1, MOST).default(5),
  MAX_IN_FLIGHT: wholeNumber(1, 1_000_000).default(256),
  SUBJECT_REQUESTS_PER_MINUTE: wholeNumber(1, MOST).default(6_000),
  SUBJECT_COST_PER_MINUTE: wholeNumber(1, MOST).default(1_000_000),
};
