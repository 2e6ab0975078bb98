import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { FastifyInstance } from 'fastify';

import { closeSocket, destroySocket } from './close-socket';
import { onResponseEnd } from './response-end';
import { SharedTimeouts, type SharedTimeout } from './shared-timeouts';

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
  idleTimeout: SharedTimeout | undefined;
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
  const idleTimeouts = new SharedTimeouts(keepAliveMs + TRANSIT_MS);
  const emptyLineTimeouts = new SharedTimeouts(2 * headerMs);
  let closeWhenIdle = false;

  const hasPartialRequest = ({ socket, bytesReadWhenIdle }: Connection) =>
    socket.bytesRead > bytesReadWhenIdle;

  function closeIfIdle(connection: Connection): void {
    const { socket, activeRequests } = connection;
    if (activeRequests === 0 && !hasPartialRequest(connection) && socket.writable) closeSocket(socket);
  }

  function startIdleTimeout(connection: Connection): void {
    const close = () => {
      closeSocket(connection.socket);
    };
    connection.idleTimeout = idleTimeouts.start(() => {
      // Node times out a slow header. Input that is left after that is empty lines, for which Node has no timeout.
      if (hasPartialRequest(connection)) connection.idleTimeout = emptyLineTimeouts.start(close);
      else close();
    });
  }

  function clearIdleTimeout({ idleTimeout }: Connection): void {
    idleTimeouts.clear(idleTimeout);
    emptyLineTimeouts.clear(idleTimeout);
  }

  server.on('connection', (socket: Socket) => {
    // Each pipelined request adds a `close` listener.
    socket.setMaxListeners(0);
    // Node calls this after the last response, and would not wait until the client has read it.
    socket.destroySoon = () => {
      closeSocket(socket);
    };
    const connection: Connection = {
      socket,
      activeRequests: 0,
      bytesReadWhenIdle: 0,
      idleTimeout: undefined,
    };
    open.set(socket, connection);
    startIdleTimeout(connection);
    socket.once('close', () => {
      clearIdleTimeout(connection);
      open.delete(socket);
    });
  });
  server.on('request', (request, response) => {
    const connection = open.get(request.socket);
    if (!connection) return;
    connection.activeRequests += 1;
    clearIdleTimeout(connection);
    onResponseEnd(response, () => {
      connection.activeRequests -= 1;
      if (connection.activeRequests === 0) {
        // After an early response, the rest of the request's body is not the start of another request.
        connection.bytesReadWhenIdle = request.complete ? request.socket.bytesRead : Infinity;
        if (open.has(request.socket)) startIdleTimeout(connection);
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
  const timeouts = new SharedTimeouts(timeoutMs);
  const startTimeout = (response: ServerResponse) => {
    const timeout = timeouts.start(() => {
      destroySocket(response.req.socket, 'ANSWER_NOT_TAKEN');
    });
    onResponseEnd(response, () => {
      timeouts.clear(timeout);
    });
  };
  server.addHook('onSend', (_request, { raw }, payload, done) => {
    if (raw.socket) startTimeout(raw);
    // Earlier responses on the connection come first.
    else {
      raw.once('socket', () => {
        startTimeout(raw);
      });
    }
    done(null, payload);
  });
}
