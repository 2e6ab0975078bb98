import { milliseconds } from './env-types';

/** How long the server waits, for whom. All in milliseconds. */
export const TIME_VARIABLES = {
  REQUEST_TIMEOUT_MS: milliseconds(1).default(10_000),
  KEEP_ALIVE_TIMEOUT_MS: milliseconds(1).default(65_000),
  EXECUTION_TIMEOUT_MS: milliseconds(1).default(10_000),
  STORE_LOCK_TIMEOUT_MS: milliseconds(0).default(5_000),
  SHUTDOWN_DELAY_MS: milliseconds(0).default(0),
  SHUTDOWN_GRACE_MS: milliseconds(0).default(10_000),
  /** After a first signal to stop, how long another one counts as the same. */
  SHUTDOWN_SIGNAL_REPEAT_MS: milliseconds(0).default(1_000),
};
