import type { Client, Dispatcher } from 'undici';

/** Opens connections to routers. */
export interface CallbackClient {
  /** @param url where all messages of the connection go */
  readonly connect: (url: URL) => CallbackConnection;
  /** Closes all connections. */
  readonly close: () => void;
}

/** The connection for the messages of one subscription. It opens with the next message, and closes when it has been idle for seconds. */
export interface CallbackConnection {
  /**
   * Sends a message right after those that are under way, without waiting for their responses (HTTP pipelining), so that the router
   * gets them in order. Follows no redirect, and sends no credential.
   * @param body JSON
   * @returns the status of the response, once all of it is here
   * @throws Error if that takes longer than the timeout, the connection fails, or the signal is aborted. The wait for responses to
   * earlier messages does not count.
   */
  readonly post: (body: string, signal: AbortSignal) => Promise<number>;
  /** Ends what is under way. */
  readonly close: () => void;
}

/** Routers answer with a short error, or nothing. */
const MAX_RESPONSE_BYTES = 65_536;

/** @param timeoutMs for a connection to open, from then on for a response to begin, and for the rest of it */
export function createCallbackClient(timeoutMs: number): CallbackClient {
  const open = new Set<CallbackConnection>();

  function connect({ origin, pathname, search }: URL): CallbackConnection {
    let client: Client | undefined;
    let isClosed = false;

    async function clientFor(): Promise<Client> {
      // Most servers have no callbacks, and this takes memory and time.
      const undici = await import('undici');
      if (isClosed) throw new Error('the connection is closed');
      client ??= new undici.Client(origin, {
        pipelining: Infinity,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        connect: { timeout: timeoutMs },
      });
      return client;
    }

    async function send(body: string, signal: AbortSignal): Promise<number> {
      const own = await clientFor();
      const { statusCode, body: response } = await own.request({
        method: 'POST',
        path: `${pathname}${search}`,
        // Hive Gateway parses the body only for exactly this type.
        headers: { 'content-type': 'application/json', 'subscription-protocol': 'callback/1.0' },
        body,
        signal,
        // Without these, undici waits for the response before it sends the next message.
        idempotent: true,
        blocking: false,
      });
      await readToEnd(response, timeoutMs);
      return statusCode;
    }

    const connection: CallbackConnection = {
      async post(body, signal) {
        try {
          return await send(body, signal);
        } catch (error) {
          throw isTimeout(error) ? tooLate(timeoutMs) : error;
        }
      },
      close() {
        isClosed = true;
        open.delete(connection);
        // Its promise rejects for what is under way only, which rejects as well.
        client?.destroy().catch(() => undefined);
      },
    };
    open.add(connection);
    return connection;
  }

  return {
    connect,
    close() {
      for (const { close } of [...open]) close();
    },
  };
}

/** @throws Error if it takes too long or is too long */
async function readToEnd(response: Dispatcher.ResponseData['body'], timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => response.destroy(tooLate(timeoutMs)), timeoutMs);
  try {
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_RESPONSE_BYTES) throw new Error('the response is too long');
    }
  } finally {
    clearTimeout(timer);
  }
}

const TIMEOUTS = ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT'];

function isTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && TIMEOUTS.includes(String(error.code));
}

function tooLate(timeoutMs: number): Error {
  return new Error(`there was no response within ${String(timeoutMs)} ms`);
}
