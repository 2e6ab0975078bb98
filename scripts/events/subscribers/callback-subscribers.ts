import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

import {
  changeOf,
  isOverflow,
  RETRY_MS,
  runSubscribers,
  SUBSCRIPTION,
  type SeenChange,
  type Servers,
  type Session,
  type Subscribers,
} from './session';

/** A router that takes the events of subscriptions by callback. */
export interface CallbackRouter {
  /** What `SUBSCRIPTION_CALLBACK_URLS` must list. */
  readonly url: string;
  /** Starts subscriptions. @param headers prove that the requests come from the router */
  readonly subscribe: (
    count: number,
    servers: Servers,
    headers: Readonly<Record<string, string>>,
  ) => Subscribers;
  readonly close: () => Promise<void>;
}

/** A subscription that the router waits for. */
interface Waiting {
  readonly subscriber: string;
  readonly url: string;
  readonly verifier: string;
  readonly seen: SeenChange[];
  acknowledgedAt: number | undefined;
  /** When it ended otherwise than by a kill. */
  leftAt: number | undefined;
  /** When the last message came, in milliseconds since the epoch. */
  heardAt: number;
  readonly ended: () => void;
}

interface Message {
  readonly action: 'check' | 'next' | 'complete';
  readonly id: string;
  readonly verifier: string;
  readonly payload?: unknown;
  readonly errors?: unknown;
}

/** How often a server must show that it is there, in milliseconds. */
const HEARTBEAT_MS = 1_000;
/** After this time without a message a server that was not killed is too late, in milliseconds; the machine is busy. */
const SILENCE_MS = 10 * HEARTBEAT_MS;

export async function startCallbackRouter(): Promise<CallbackRouter> {
  const byId = new Map<string, Waiting>();
  const all: Waiting[] = [];
  const faults: string[] = [];
  let overflows = 0;

  function statusFor(request: IncomingMessage, body: string): number {
    const { action, id, verifier, payload, errors } = JSON.parse(body) as Message;
    const waiting = byId.get(id);
    if (!waiting) return 404;
    if (waiting.verifier !== verifier || request.headers['subscription-protocol'] !== 'callback/1.0') {
      faults.push(`${waiting.subscriber} got a message that is not of its server: ${body}`);
      return 400;
    }
    waiting.heardAt = Date.now();
    if (action === 'next') {
      try {
        waiting.seen.push(changeOf(payload));
      } catch (error) {
        faults.push(`${waiting.subscriber} got ${String(error)}`);
      }
    }
    if (action === 'complete') {
      if (isOverflow(errors)) overflows += 1;
      else faults.push(`${waiting.subscriber} was completed with ${JSON.stringify(errors)}`);
      waiting.leftAt = Date.now();
      waiting.ended();
    }
    return 204;
  }

  const server = createServer((request, response) => {
    void text(request).then((body) => {
      response.writeHead(statusFor(request, body)).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${String(port)}/callback`;

  return {
    url,
    subscribe(count, servers, headers) {
      const stopping = new AbortController();

      /** Resolves when the session has ended. */
      async function runSession(subscriber: string, serverUrl: string): Promise<void> {
        const id = randomUUID();
        const left = new AbortController();
        const waiting: Waiting = {
          subscriber,
          url: serverUrl,
          verifier: randomUUID(),
          seen: [],
          acknowledgedAt: undefined,
          leftAt: undefined,
          heardAt: Date.now(),
          ended() {
            left.abort();
          },
        };
        byId.set(id, waiting);
        all.push(waiting);
        const problem = await ask(serverUrl, headers, `${url}/${id}`, id, waiting.verifier);
        const isKilled = () => servers.killedAt(serverUrl) !== undefined;
        if (problem === undefined) {
          waiting.acknowledgedAt = Date.now();
          while (!isKilled() && !stopping.signal.aborted && waiting.leftAt === undefined) {
            await delay(RETRY_MS, undefined, { signal: left.signal }).catch(() => undefined);
            if (Date.now() - waiting.heardAt > SILENCE_MS) {
              faults.push(`${subscriber} has heard nothing for ${String(SILENCE_MS)} ms`);
              waiting.heardAt = Date.now();
            }
          }
        } else if (!isKilled() && !stopping.signal.aborted) {
          faults.push(`${subscriber} was refused: ${problem}`);
          await delay(RETRY_MS);
        }
        waiting.leftAt ??= Date.now();
        byId.delete(id);
      }

      const running = runSubscribers(count, servers, stopping.signal, (number, serverUrl) =>
        runSession(`the callback ${String(number)}`, serverUrl),
      );
      return {
        sessions: () =>
          all.flatMap(({ subscriber, url: serverUrl, acknowledgedAt, leftAt, seen }): Session[] =>
            acknowledgedAt === undefined
              ? []
              : [
                  {
                    subscriber,
                    acknowledgedAt,
                    endedAt: servers.killedAt(serverUrl) ?? leftAt ?? Infinity,
                    seen,
                  },
                ],
          ),
        faults,
        overflows: () => overflows,
        async stop() {
          stopping.abort();
          await running;
        },
      };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Asks for a subscription by callback. @returns undefined when it runs, or what happened instead */
async function ask(
  serverUrl: string,
  headers: Readonly<Record<string, string>>,
  callbackUrl: string,
  subscriptionId: string,
  verifier: string,
): Promise<string | undefined> {
  const subscription = { callbackUrl, subscriptionId, verifier, heartbeatIntervalMs: HEARTBEAT_MS };
  try {
    const response = await fetch(serverUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json;callbackSpec=1.0',
        ...headers,
      },
      body: JSON.stringify({ query: SUBSCRIPTION, extensions: { subscription } }),
    });
    const body = await response.text();
    return response.ok && body.trim() === '{"data":null}' ? undefined : `${String(response.status)} ${body}`;
  } catch (error) {
    return String(error);
  }
}
