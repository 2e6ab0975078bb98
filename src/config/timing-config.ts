import type { Variables } from './environment';

/** In milliseconds. */
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
