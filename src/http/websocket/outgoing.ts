import type { WebSocket } from 'ws';

/** What may wait to be sent before the client's messages are not read any more, in bytes. */
export const MAX_UNSENT_BYTES = 1024 * 1024;

const PONG = JSON.stringify({ type: 'pong' });

export interface Outgoing {
  /** Sends a message. Resolves when it has been handed to the operating system, or the socket is closing. */
  readonly send: (message: string) => Promise<void>;
  /** Responds to the `ping` of a client, without the payload of it. One that comes while a `pong` waits gets no other one. */
  readonly pong: () => Promise<void>;
}

/**
 * The messages to one client. A client that sends without reading what it gets would fill the memory: while too much waits to be sent,
 * its messages are not read. If it does not go on, it misses a ping of the server, which then closes the socket.
 */
export function createOutgoing(
  webSocket: Pick<WebSocket, 'send' | 'bufferedAmount' | 'isPaused' | 'pause' | 'resume'>,
): Outgoing {
  let isPongWaiting = false;

  function send(message: string): Promise<void> {
    return new Promise((resolve) => {
      // An error means that the socket is closing.
      webSocket.send(message, () => {
        if (webSocket.isPaused && webSocket.bufferedAmount <= MAX_UNSENT_BYTES) webSocket.resume();
        resolve();
      });
      if (webSocket.bufferedAmount > MAX_UNSENT_BYTES) webSocket.pause();
    });
  }

  return {
    send,
    async pong() {
      if (isPongWaiting) return;
      isPongWaiting = true;
      await send(PONG);
      isPongWaiting = false;
    },
  };
}
