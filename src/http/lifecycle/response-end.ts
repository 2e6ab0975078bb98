import type { ServerResponse } from 'node:http';

/** Whether the client disconnected. */
export interface ClientDisconnect {
  /** Aborted when the client disconnects before it has the whole response. Created on first use, which is rare. */
  readonly signal: AbortSignal;
}

/** Watches the response, because Node emits `close` on a request as soon as its body is read. */
export function watchDisconnect(response: ServerResponse): ClientDisconnect {
  let controller: AbortController | undefined;
  return {
    get signal() {
      if (controller) return controller.signal;
      const created = (controller = new AbortController());
      onResponseEnd(response, () => {
        if (!response.writableFinished) created.abort();
      });
      return created.signal;
    },
  };
}

/**
 * Calls back once, when the response is complete or its connection is closed. The response alone does not emit `close` when it
 * waits for earlier responses on the same connection and the connection closes.
 */
export function onResponseEnd(response: ServerResponse, callback: () => void): void {
  const { socket } = response.req;
  if (response.closed || socket.destroyed) {
    callback();
    return;
  }
  const onClose = () => {
    response.off('close', onClose);
    socket.off('close', onClose);
    callback();
  };
  response.once('close', onClose);
  socket.once('close', onClose);
}
