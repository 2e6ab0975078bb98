import { createClient, type Client } from 'graphql-ws';
import type { Session } from '../sign-in/session';
import type { ConnectionMonitor } from './connection-state';

/** How often the client asks an idle server for a sign of life, and how long it waits for it, in ms. */
const PING_EVERY_MS = 10_000;
const PONG_WITHIN_MS = 5_000;
/** Waits before the client connects again, in ms: short where it was connected before, long where it never was. */
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 4_000;
const MAX_RETRY_NEVER_CONNECTED_MS = 60_000;
/** The server's code for a token that expired or is refused. */
const UNAUTHORIZED = 4401;

/** The WebSocket for subscriptions. It reconnects by itself. */
export function createSocket(url: string, session: Session, monitor: ConnectionMonitor): Client {
  let wasConnected = false;
  let socket: WebSocket | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  return createClient({
    url,
    connectionParams: () => (session.token === undefined ? {} : { authorization: `Bearer ${session.token}` }),
    keepAlive: PING_EVERY_MS,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: async (retries) => {
      const longest = wasConnected ? MAX_RETRY_MS : MAX_RETRY_NEVER_CONNECTED_MS;
      const wait = Math.min(FIRST_RETRY_MS * 2 ** retries, longest);
      // Pages that lost a server together do not come back together.
      await delay(wait * (0.75 + Math.random() / 2));
    },
    on: {
      opened: (opened) => {
        socket = opened as WebSocket;
      },
      connected: () => {
        wasConnected = true;
        monitor.announced(true);
      },
      closed: (event) => {
        clearTimeout(silence);
        monitor.announced(false);
        const { code, reason } = event as CloseEvent;
        if (code === UNAUTHORIZED) session.refuse(reason);
      },
      ping: (received) => {
        if (received) return;
        silence = setTimeout(() => socket?.close(4408, 'No pong'), PONG_WITHIN_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(silence);
      },
    },
  });
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
