import type { ServerResponse } from 'node:http';

/** Whether somebody still waits for the answer to a request. */
export interface WaitingClient {
  /** Aborted when the client goes away before it has its answer. Made when it is first asked for, and seldom is. */
  readonly signal: AbortSignal;
}

/**
 * Watches the response, not the request: that counts as closed as soon as its body has been read.
 */
export function waitingClient(response: ServerResponse): WaitingClient {
  let controller: AbortController | undefined;
  return {
    get signal() {
      if (controller) return controller.signal;
      const made = (controller = new AbortController());
      const abortUnlessAnswered = () => {
        if (!response.writableFinished) made.abort();
      };
      // Who has gone by now does not go again.
      if (response.closed) abortUnlessAnswered();
      else response.once('close', abortUnlessAnswered);
      return made.signal;
    },
  };
}
