import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';

import { WebSocket, type ClientOptions } from 'ws';

/** A message of graphql-transport-ws. */
export interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** One WebSocket to a server, as a test sends and reads its messages. */
export interface SubscriptionSocket {
  readonly socket: WebSocket;
  readonly send: (message: Message | string) => void;
  /** The next message that was not read yet. Rejects when the socket closes before it arrives. */
  readonly next: () => Promise<Message>;
  /** Sends `connection_init`, and returns the response to it. */
  readonly init: (payload?: unknown) => Promise<Message>;
  /** Subscribes, and resolves when the server has read that. */
  readonly subscribe: (
    query: string,
    variables?: Readonly<Record<string, unknown>>,
    id?: string,
  ) => Promise<void>;
  /** The changes that arrive until there are `count`, or an error. */
  readonly changes: (count: number) => Promise<readonly Change[]>;
  /** Resolves with the code and the reason when it is closed. */
  readonly closed: Promise<readonly [code: number, reason: string]>;
}

/** What `STATUS_CHANGED` selects. */
export interface Change {
  readonly connection: { readonly id: string; readonly environmentName: string; readonly status: string };
  readonly previousStatus: string | null;
  readonly status: string | null;
}

export const STATUS_CHANGED = `subscription Changes($filter: EnvironmentAccountConnectionFilter) {
  environmentAccountConnectionStatusChanged(filter: $filter) {
    connection { id environmentName status } previousStatus status
  }
}`;

const PROTOCOL = 'graphql-transport-ws';

export interface SocketOptions extends ClientOptions {
  readonly protocol?: string;
}

/** Opens a WebSocket at the URL of a GraphQL endpoint. Rejects when the upgrade is refused. */
export async function openSocket(
  url: string,
  { protocol = PROTOCOL, ...options }: SocketOptions = {},
): Promise<SubscriptionSocket> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), protocol, options);
  const unread: Message[] = [];
  let waiting:
    { readonly resolve: (message: Message) => void; readonly reject: (error: Error) => void } | undefined;
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Message;
    if (waiting) waiting.resolve(message);
    else unread.push(message);
    waiting = undefined;
  });
  const closed = new Promise<readonly [number, string]>((resolve) => {
    socket.on('close', (code, reason) => {
      waiting?.reject(new Error(`the socket closed with ${String(code)} ${reason.toString()}`));
      resolve([code, reason.toString()]);
    });
  });
  await once(socket, 'open');
  socket.on('error', () => undefined);

  function send(message: Message | string): void {
    socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }
  function next(): Promise<Message> {
    const message = unread.shift();
    if (message) return Promise.resolve(message);
    return new Promise((resolve, reject) => {
      waiting = { resolve, reject };
    });
  }
  return {
    socket,
    send,
    next,
    closed,
    init(payload) {
      send({ type: 'connection_init', payload });
      return next();
    },
    async subscribe(query, variables = {}, id = '1') {
      send({ id, type: 'subscribe', payload: { query, variables } });
      // The server reads in order, and responds to the protocol's ping in the same way.
      socket.ping();
      await once(socket, 'pong');
    },
    async changes(count) {
      const changes: Change[] = [];
      while (changes.length < count) {
        const { type, payload } = await next();
        if (type !== 'next') throw new Error(`${type}: ${JSON.stringify(payload)}`);
        const { data } = payload as {
          readonly data: { readonly environmentAccountConnectionStatusChanged: Change };
        };
        changes.push(data.environmentAccountConnectionStatusChanged);
      }
      return changes;
    },
  };
}

/** Opens a WebSocket, and subscribes to changes. */
export async function subscribeTo(
  url: string,
  filter: Readonly<Record<string, unknown>> = {},
  { token, ...options }: SocketOptions & { readonly token?: string } = {},
): Promise<SubscriptionSocket> {
  const opened = await openSocket(url, options);
  await opened.init(token === undefined ? undefined : { authorization: `Bearer ${token}` });
  await opened.subscribe(STATUS_CHANGED, { filter });
  return opened;
}

/** The status and body of the response that refuses an upgrade. */
export async function refusedUpgrade(
  url: string,
  options: ClientOptions = {},
): Promise<{ readonly status: number | undefined; readonly code: unknown }> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), PROTOCOL, options);
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += String(chunk);
  socket.terminate();
  const { errors } = JSON.parse(body) as {
    readonly errors: readonly { readonly extensions: { readonly code: unknown } }[];
  };
  return { status: response.statusCode, code: errors[0]?.extensions.code };
}
