import type { ServerResponse } from 'node:http';

import { whenOver } from './when-over';

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
      whenOver(response, () => {
        if (!response.writableFinished) made.abort();
      });
      return made.signal;
    },
  };
}
