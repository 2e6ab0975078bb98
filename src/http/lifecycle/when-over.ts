import type { ServerResponse } from 'node:http';

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
