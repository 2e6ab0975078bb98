import type { Socket } from 'node:net';

/** How long a client has to read its last answer before its connection is cut, in milliseconds. */
const LINGER_MS = 1_000;

/**
 * Closes a connection in a way that its client can read what it was told: one that is destroyed with bytes unread takes from
 * its client what the client has not read yet. What still comes is read and thrown away, so that nothing is carried out that
 * could no longer be answered.
 * @param lastWords go over the wire before the end
 */
export function hangUp(socket: Socket, lastWords = ''): void {
  const impatience = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => {
    clearTimeout(impatience);
  });
  socket.end(lastWords);
  // Until now an HTTP parser listened.
  socket.removeAllListeners('data');
  socket.on('data', () => undefined);
  socket.resume();
}

/** Why this server ended a connection on which somebody still waited for an answer. */
export type CutCode = 'ANSWER_NOT_TAKEN' | 'CUT_AT_STOP';

const reasons = new WeakMap<Socket, CutCode>();

/** Ends a connection at once, and says why, so that nobody takes it for the client's doing. */
export function cut(socket: Socket, why: CutCode): void {
  if (!socket.destroyed) reasons.set(socket, why);
  socket.destroy();
}

/** Undefined for a connection that was not cut by this server. */
export function whyCut(socket: Socket): CutCode | undefined {
  return reasons.get(socket);
}
