import type { Socket } from 'node:net';

/** How long a client has to read its last response before its connection is destroyed, in milliseconds. */
const LINGER_MS = 1_000;

/**
 * Closes a connection so that the client can still read the last response. Destroying a socket that has unread input resets the
 * connection, and the client loses what it has not read yet. Further input is read and discarded, so that no request is executed
 * that could not get a response.
 * @param lastResponse bytes to send before closing
 */
export function closeSocket(socket: Socket, lastResponse = ''): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => {
    clearTimeout(timer);
  });
  socket.end(lastResponse);
  // Until now the HTTP parser listened.
  socket.removeAllListeners('data');
  socket.on('data', () => undefined);
  socket.resume();
}

/** Why this server destroyed a connection before its response was complete. */
export type CloseReason = 'ANSWER_NOT_TAKEN' | 'CUT_AT_STOP';

const reasons = new WeakMap<Socket, CloseReason>();

/** Destroys a connection and remembers why, so that the log does not report that the client disconnected. */
export function destroySocket(socket: Socket, reason: CloseReason): void {
  if (!socket.destroyed) reasons.set(socket, reason);
  socket.destroy();
}

/** Undefined for a connection that this server did not destroy. */
export function closeReasonOf(socket: Socket): CloseReason | undefined {
  return reasons.get(socket);
}
