import type { SessionOptions } from '../proton/proton-service';

/** The end of the time that an operation may read. */
export interface ReadDeadline {
  /** Aborted when the time is up or the client is gone. Its time starts when it is first asked for. */
  readonly signal: AbortSignal;
  readonly isOver: () => boolean;
}

export function readDeadline(executionMs: number, client: SessionOptions): ReadDeadline {
  let made: AbortSignal | undefined;
  return {
    get signal() {
      const time = () => AbortSignal.timeout(executionMs);
      return (made ??= client.signal ? AbortSignal.any([time(), client.signal]) : time());
    },
    isOver: () => made?.aborted === true,
  };
}
