import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import { hostMistake } from '../hooks/host';
import { hangUp } from './close-socket';

/** What Node says of a connection on which no HTTP arrives, or not in time; or `CONNECT`, of one that is asked to be a tunnel. */
export type BrokenHttp = Error & { readonly code?: string };

/** The last words on a connection. */
export interface BrokenHttpAnswer {
  readonly status: number;
  /** The code of what is wrong. */
  readonly outcome: string;
  /** The whole answer, as it goes over the wire. */
  readonly wire: string;
}

export interface BrokenHttpHandler {
  /** Goes to Fastify. */
  readonly clientErrorHandler: (error: BrokenHttp, socket: Socket) => void;
  /** Must be told of the server that Fastify made, before it listens. */
  readonly watch: (server: Server) => void;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Connection {
  readonly underWay: Set<Exchange>;
  latest: Exchange | undefined;
  broken: boolean;
}

/**
 * Answers what is not HTTP at all, never ends, or asks for a tunnel; there is no request then that a handler could be given. A request that came
 * before on the same connection gets its own answer first and no other, for it may have been carried out.
 * @param answerTo writes a whole answer, as it goes over the wire; it is told of the request whose body is what is broken, where
 * there is one
 */
export function handleBrokenHttp(
  answerTo: (error: BrokenHttp, unfinished: IncomingMessage | undefined) => string,
): BrokenHttpHandler {
  const connections = new WeakMap<Socket, Connection>();

  function connectionOf(socket: Socket): Connection {
    let connection = connections.get(socket);
    if (!connection) {
      connection = { underWay: new Set(), latest: undefined, broken: false };
      connections.set(socket, connection);
    }
    return connection;
  }

  function breakOff(socket: Socket, error: BrokenHttp): void {
    const connection = connectionOf(socket);
    // Whatever else comes after what is broken is reported again.
    if (connection.broken) return;
    connection.broken = true;
    if (waiting(connection).length > 0) return;
    if (wasAnsweredEarly(connection.latest)) hangUp(socket);
    else hangUp(socket, answerTo(error, unfinishedOf(connection.latest)));
  }

  return {
    watch(server) {
      server.on('connect', ({ socket, url = '', rawHeaders, httpVersion }) => {
        // Node no longer listens to it, and an error that nobody listens to ends the process.
        socket.on('error', () => socket.destroy());
        const mistake = hostMistake({ originalUrl: url, raw: { rawHeaders, httpVersion } });
        const code = mistake === undefined ? 'CONNECT' : 'INVALID_HOST';
        breakOff(socket, Object.assign(new Error('a tunnel was asked for'), { code }));
      });
      server.on('request', (request, response) => {
        const connection = connectionOf(request.socket);
        const exchange = { request, response };
        connection.latest = exchange;
        connection.underWay.add(exchange);
        response.once('close', () => {
          connection.underWay.delete(exchange);
          if (connection.broken && waiting(connection).length === 0) hangUp(request.socket);
        });
      });
    },
    clientErrorHandler(error, socket) {
      if (connectionOf(socket).broken) return;
      if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
      else if (socket.bytesRead === 0) {
        // Node starts the timeout of the first header with the connection, and again with the first byte. Until then the
        // connection is idle, and `watchConnections` decides how long.
        if (error.code !== 'ERR_HTTP_REQUEST_TIMEOUT') hangUp(socket);
      } else breakOff(socket, error);
    },
  };
}

/** Exchanges that end by themselves: their request is here, or their answer has begun. What is broken is in none of them. */
function waiting({ underWay }: Connection): readonly Exchange[] {
  return [...underWay].filter(({ request, response }) => request.complete || response.headersSent);
}

/** Whether a request whose body is what is broken has had its answer, which was not for its body. */
function wasAnsweredEarly(latest: Exchange | undefined): boolean {
  return latest !== undefined && !latest.request.complete && latest.response.headersSent;
}

function unfinishedOf(latest: Exchange | undefined): IncomingMessage | undefined {
  return latest === undefined || latest.request.complete ? undefined : latest.request;
}

/** Whether a client has ended its connection in the middle of a request. */
export function hasHungUp({ code }: BrokenHttp): boolean {
  return code === 'HPE_INVALID_EOF_STATE';
}

/** Writes an answer that closes its connection. */
export function wireAnswer(status: number, headers: Readonly<Record<string, string>>, body: string): string {
  const fields = {
    ...headers,
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  };
  return [
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`),
    '',
    body,
  ].join('\r\n');
}
