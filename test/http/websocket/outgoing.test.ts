import { createOutgoing, MAX_UNSENT_BYTES } from '../../../src/http/websocket/outgoing';

/** A socket whose messages wait until the test lets them go. */
function createSocket() {
  const waiting: { readonly message: string; readonly sent: () => void }[] = [];
  const socket = {
    isPaused: false,
    get bufferedAmount() {
      return waiting.reduce((sum, { message }) => sum + message.length, 0);
    },
    send(message: string, sent: () => void) {
      waiting.push({ message, sent });
    },
    pause() {
      socket.isPaused = true;
    },
    resume() {
      socket.isPaused = false;
    },
  };
  return {
    socket,
    waiting,
    takeOne: () => {
      waiting.shift()?.sent();
    },
    outgoing: createOutgoing(socket as unknown as Parameters<typeof createOutgoing>[0]),
  };
}

describe('The messages to the client of a WebSocket', () => {
  it('stop the reading of its messages while more than 1 MiB waits to be sent', async () => {
    const { socket, outgoing, takeOne } = createSocket();
    const half = 'x'.repeat(MAX_UNSENT_BYTES / 2);
    const sent = [half, half].map((message) => outgoing.send(message));
    expect(socket.isPaused).toBe(false);
    sent.push(outgoing.send('one more'));
    expect(socket.isPaused).toBe(true);
    takeOne();
    expect(socket.isPaused).toBe(false);
    takeOne();
    takeOne();
    await Promise.all(sent);
  });

  it('have one pong for all pings that come while it waits', async () => {
    const { waiting, outgoing, takeOne } = createSocket();
    const pongs = [outgoing.pong(), outgoing.pong(), outgoing.pong()];
    expect(waiting.map(({ message }) => message)).toEqual(['{"type":"pong"}']);
    takeOne();
    await Promise.all(pongs);
    void outgoing.pong();
    expect(waiting).toHaveLength(1);
  });
});
