import type { Socket } from 'node:net';

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
