import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { Webhook } from 'standardwebhooks';

/** The secret of the tests' webhooks. */
export const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
export const OTHER_SECRET = `whsec_${Buffer.from('fedcba9876543210fedcba9876543210').toString('base64')}`;

/** A request, as the receiver got it. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly event: ReceivedEvent;
  /** When it came, on the clock of `performance.now()`. */
  readonly at: number;
  /** The status that it was answered with; undefined while it is not. */
  status: number | undefined;
}

export interface ReceivedEvent {
  readonly id: string;
  readonly time: string;
  readonly resources: readonly string[];
  readonly detail: { readonly id: string; readonly status: string; readonly previousStatus?: string };
}

/** Answers with a status, or in any other way. A promise that never ends leaves the request without an answer. */
export type Answer = (
  received: Received,
  response: ServerResponse,
) => number | undefined | Promise<number | undefined>;

export interface WebhookReceiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** Those that were answered with a 2xx status. */
  readonly taken: () => readonly Received[];
  /** Requests whose signature is wrong. */
  readonly forged: number;
  /** Connections that were opened. */
  readonly connections: number;
  /** How the next requests are answered; 204 at first. */
  readonly answer: (answer: Answer) => void;
  /** Resolves when this is so. It is asked after each request and each answer. */
  readonly until: (isSo: () => boolean) => Promise<void>;
  /** Refuses connections. @returns what accepts them again, at the same port */
  readonly goDown: () => Promise<() => Promise<void>>;
  readonly close: () => Promise<void>;
}

export interface ReceiverOptions {
  readonly secret?: string;
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** Starts a server that verifies and keeps what it is sent. */
export async function startWebhookReceiver({
  secret = SECRET,
  tls,
}: ReceiverOptions = {}): Promise<WebhookReceiver> {
  const webhook = new Webhook(secret);
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  let answer: Answer = () => 204;
  let forged = 0;
  let connections = 0;
  const notice = () => {
    for (const look of waiting) look();
  };

  const listener: RequestListener = (request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      try {
        webhook.verify(body, request.headers as Record<string, string>);
      } catch {
        forged += 1;
      }
      const one: Received = {
        path: request.url ?? '',
        headers: request.headers,
        body,
        event: JSON.parse(body) as ReceivedEvent,
        at: performance.now(),
        status: undefined,
      };
      received.push(one);
      const answered = answer(one, response);
      notice();
      const status = await answered;
      if (status !== undefined) {
        response.statusCode = status;
        response.end();
        one.status = status;
      }
      notice();
    })().catch(() => undefined);
  };

  let server = listening();
  function listening(): Server {
    const created = tls ? createTlsServer(tls, listener) : createServer(listener);
    created.on('connection', () => (connections += 1));
    return created;
  }
  async function listen(port: number): Promise<number> {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }
  async function close(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  const port = await listen(0);
  return {
    url: `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${String(port)}/hook`,
    received,
    taken: () => received.filter(({ status = 0 }) => status >= 200 && status < 300),
    get forged() {
      return forged;
    },
    get connections() {
      return connections;
    },
    answer(next) {
      answer = next;
    },
    until: (isSo) =>
      new Promise((resolve) => {
        const look = () => {
          if (!isSo()) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async goDown() {
      await close();
      server = listening();
      return async () => {
        await listen(port);
      };
    },
    close,
  };
}

/** The statuses that a connection passed through, in the order of its events, without repetitions of the same event. */
export function statusesOf(received: readonly Received[], connectionId: string): readonly string[] {
  const events = received.filter(({ event }) => event.detail.id === connectionId).map(({ event }) => event);
  return [...new Map(events.map(({ id, detail }) => [id, detail.status])).values()];
}
