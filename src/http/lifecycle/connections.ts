import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { FastifyInstance } from 'fastify';

import { closeSocket, destroySocket } from './close-socket';
import { onResponseEnd } from './response-end';

/** The open connections of a server. */
export interface OpenConnections {
  /** The number of requests that have arrived, completely or in part, and whose response is not complete. */
  readonly activeRequests: () => number;
  /** Closes idle connections, and from now on each connection as soon as it is idle. */
  readonly closeIdle: () => void;
  readonly destroyAll: () => void;
}

interface Connection {
  readonly socket: Socket;
  activeRequests: number;
  /** Bytes read when the connection last became idle. More bytes are the start of a request. */
  bytesReadWhenIdle: number;
  /** Runs while the connection is idle. */
  idleTimer: NodeJS.Timeout | undefined;
}

export interface IdleTiming {
  /** How long a connection may be idle, before its first request as well as between requests. */
  readonly keepAliveMs: number;
  /** How long a header may take to arrive. */
  readonly headerMs: number;
}

/** Clients know `keepAliveMs`. A request that a client sends at the last moment may still be in transit. */
const TRANSIT_MS = 1_000;

/**
 * Tracks connections and closes idle ones. Node closes idle connections only after the first request, and never if a client sends
 * empty lines between requests.
 * @param server not listening yet
 */
export function watchConnections(server: Server, { keepAliveMs, headerMs }: IdleTiming): OpenConnections {
  const open = new Map<Socket, Connection>();
  let closeWhenIdle = false;

  const hasPartialRequest = ({ socket, bytesReadWhenIdle }: Connection) =>
    socket.bytesRead > bytesReadWhenIdle;

  function closeIfIdle(connection: Connection): void {
    const { socket, activeRequests } = connection;
    if (activeRequests === 0 && !hasPartialRequest(connection) && socket.writable) closeSocket(socket);
  }

  function startIdleTimer(connection: Connection): void {
    connection.idleTimer = setTimeout(() => {
      // Node times out a slow header. Input that is left after that is empty lines, for which Node has no timeout.
      if (hasPartialRequest(connection))
        connection.idleTimer = setTimeout(closeSocket, 2 * headerMs, connection.socket);
      else closeSocket(connection.socket);
    }, keepAliveMs + TRANSIT_MS);
  }

  server.on('connection', (socket: Socket) => {
    // Each pipelined request adds a `close` listener.
    socket.setMaxListeners(0);
    // Node calls this after the last response, and would not wait until the client has read it.
    socket.destroySoon = () => {
      closeSocket(socket);
    };
    const connection: Connection = { socket, activeRequests: 0, bytesReadWhenIdle: 0, idleTimer: undefined };
    open.set(socket, connection);
    startIdleTimer(connection);
    socket.once('close', () => {
      clearTimeout(connection.idleTimer);
      open.delete(socket);
    });
  });
  server.on('request', (request, response) => {
    const connection = open.get(request.socket);
    if (!connection) return;
    connection.activeRequests += 1;
    clearTimeout(connection.idleTimer);
    onResponseEnd(response, () => {
      connection.activeRequests -= 1;
      if (connection.activeRequests === 0) {
        // After an early response, the rest of the request's body is not the start of another request.
        connection.bytesReadWhenIdle = request.complete ? request.socket.bytesRead : Infinity;
        if (open.has(request.socket)) startIdleTimer(connection);
      }
      if (closeWhenIdle) closeIfIdle(connection);
    });
    if (connection.bytesReadWhenIdle === Infinity) connection.bytesReadWhenIdle = 0;
  });

  return {
    activeRequests: () =>
      [...open.values()].reduce(
        (sum, connection) => sum + (connection.activeRequests || Number(hasPartialRequest(connection))),
        0,
      ),
    closeIdle() {
      closeWhenIdle = true;
      for (const connection of open.values()) closeIfIdle(connection);
    },
    destroyAll() {
      for (const { socket } of open.values()) destroySocket(socket, 'CUT_AT_STOP');
    },
  };
}

/**
 * Destroys the connections of clients that do not read their response, which would stay in memory. Node has no timeout for this.
 * @param timeoutMs time to read a response, in milliseconds
 */
export function closeUnreadResponses(server: FastifyInstance, timeoutMs: number): void {
  server.addHook('onSend', (_request, { raw }, payload, done) => {
    if (raw.socket) startReadTimer(raw, timeoutMs);
    // Earlier responses on the connection come first.
    else {
      raw.once('socket', () => {
        startReadTimer(raw, timeoutMs);
      });
    }
    done(null, payload);
  });
}

function startReadTimer(response: ServerResponse, timeoutMs: number): void {
  const timer = setTimeout(() => {
    destroySocket(response.req.socket, 'ANSWER_NOT_TAKEN');
  }, timeoutMs);
  onResponseEnd(response, () => {
    clearTimeout(timer);
  });
}
