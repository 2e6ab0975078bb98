import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

/** Sends bytes as they are over a connection of their own, and resolves with all that comes back until the server closes it. */
export function sendBytes(url: string, bytes: string): Promise<string> {
  const { port, hostname } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  socket.on('end', () => socket.end());
  socket.write(bytes);
  return text(socket);
}
