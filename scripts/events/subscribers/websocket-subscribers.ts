import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

import {
  changeOf,
  isOverflow,
  runSubscribers,
  SUBSCRIPTION,
  type SeenChange,
  type Servers,
  type Session,
  type Subscribers,
} from './session';

interface OpenSession extends Omit<Session, 'endedAt'> {
  readonly url: string;
  /** When it ended otherwise than by a kill. */
  leftAt: number | undefined;
}

/**
 * Starts clients that subscribe over WebSockets.
 * @param headers of the upgrade requests
 */
export function startWebSocketSubscribers(
  count: number,
  servers: Servers,
  headers: Readonly<Record<string, string>>,
): Subscribers {
  const sessions: OpenSession[] = [];
  const faults: string[] = [];
  let overflows = 0;
  const stopping = new AbortController();

  /** Resolves when the session has ended. */
  async function runSession(subscriber: string, url: string): Promise<void> {
    const seen: SeenChange[] = [];
    let session: OpenSession | undefined;
    const client = createClient({
      url: url.replace('http:', 'ws:'),
      retryAttempts: 0,
      webSocketImpl: acknowledging(headers, () => {
        session = { subscriber, url, acknowledgedAt: Date.now(), leftAt: undefined, seen };
        sessions.push(session);
      }),
    });
    const stop = () => void client.dispose();
    stopping.signal.addEventListener('abort', stop);
    const reason = await new Promise<unknown>((resolve) => {
      client.subscribe(
        { query: SUBSCRIPTION },
        {
          next(result) {
            try {
              seen.push(changeOf(result));
            } catch (error) {
              faults.push(`${subscriber} got ${String(error)}`);
            }
          },
          error: resolve,
          complete: () => {
            resolve('complete');
          },
        },
      );
    });
    stopping.signal.removeEventListener('abort', stop);
    if (session) session.leftAt = Date.now();
    if (isOverflow(reason)) overflows += 1;
    else if (servers.killedAt(url) === undefined && !stopping.signal.aborted)
      faults.push(`${subscriber} was ended by ${JSON.stringify(reason)}, although no server was killed`);
    await client.dispose();
  }

  const running = runSubscribers(count, servers, stopping.signal, (number, url) =>
    runSession(`the WebSocket ${String(number)}`, url),
  );
  return {
    sessions: () =>
      sessions.map(({ url, leftAt, ...session }) => ({
        ...session,
        endedAt: servers.killedAt(url) ?? leftAt ?? Infinity,
      })),
    faults,
    overflows: () => overflows,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/**
 * A WebSocket that pings right after it has subscribed: a server reads its messages in order, so the response shows that it has read
 * the subscription. The protocol itself has no acknowledgement.
 */
function acknowledging(headers: Readonly<Record<string, string>>, acknowledged: () => void) {
  return class extends WebSocket {
    constructor(url: string, protocol: string) {
      super(url, protocol, { headers });
    }

    override send(message: string): void {
      super.send(message);
      if ((JSON.parse(message) as { readonly type: string }).type !== 'subscribe') return;
      this.once('pong', acknowledged);
      this.ping();
    }
  };
}
