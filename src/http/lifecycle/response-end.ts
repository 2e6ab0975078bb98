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
      whenOver(response, () => {
        if (!response.writableFinished) made.abort();
      });
      return made.signal;
    },
  };
}

/**
 * Tells once when nobody waits for an answer any more: it has been given in full, or the connection is gone. A response alone
 * would not say so of a request that came behind others on one connection and never had its turn.
 */
export function whenOver(response: ServerResponse, over: () => void): void {
  const { socket } = response.req;
  if (response.closed || socket.destroyed) {
    over();
    return;
  }
  const tell = () => {
    response.off('close', tell);
    socket.off('close', tell);
    over();
  };
  response.once('close', tell);
  socket.once('close', tell);
}
