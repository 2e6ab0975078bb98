import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message of the callback protocol, as the router received it. */
export interface ReceivedMessage {
  readonly kind: string;
  readonly action: 'check' | 'next' | 'complete';
  readonly id: string;
  readonly verifier: string;
  readonly payload?: {
    readonly data?: Readonly<Record<string, unknown>> | null;
    readonly errors?: readonly unknown[];
  };
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions?: Readonly<Record<string, unknown>>;
  }[];
}

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** The client's port: equal for requests on one connection. */
  readonly connection: number;
  /** From `performance.now()`. */
  readonly at: number;
  readonly message: ReceivedMessage;
}

/** Answers a request, with 204 unless it does something else. */
type Answer = (request: ReceivedRequest, response: ServerResponse) => void;

/** The callback endpoint of a router. */
export interface CallbackRouter {
  /** Without a path. */
  readonly origin: string;
  readonly requests: readonly ReceivedRequest[];
  readonly messages: (action?: ReceivedMessage['action']) => readonly ReceivedMessage[];
  /** Forgets the requests so far. */
  readonly forget: () => void;
  /** Answers the following requests by this. */
  readonly answerBy: (answer: Answer) => void;
  /** Resolves when the condition holds, which is looked at after each request. */
  readonly until: (condition: () => boolean) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const accept: Answer = (_request, response) => response.writeHead(204).end();

/** Starts a server that takes callbacks as a router does. */
export async function startCallbackRouter(): Promise<CallbackRouter> {
  const requests: ReceivedRequest[] = [];
  let answer = accept;
  let waiting: (() => void)[] = [];

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = performance.now();
    const text = (await request.toArray()).join('');
    const received: ReceivedRequest = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      connection: request.socket.remotePort ?? 0,
      at,
      message: JSON.parse(text === '' ? '{}' : text) as ReceivedMessage,
    };
    requests.push(received);
    answer(received, response);
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  }

  const server = createServer((request, response) => {
    receive(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    requests,
    messages: (action) =>
      requests
        .map(({ message }) => message)
        .filter((message) => action === undefined || message.action === action),
    forget() {
      requests.length = 0;
    },
    answerBy(given) {
      answer = given;
    },
    async until(condition) {
      while (!condition()) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
