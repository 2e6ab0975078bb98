import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { FastifyInstance } from 'fastify';

import { cut, hangUp } from './close-socket';
import { whenOver } from './response-end';

/** The connections of a server that clients hold open. */
export interface OpenConnections {
  /** Requests that have come, in whole or in part, and have no whole answer yet. */
  readonly requestsUnderWay: () => number;
  /** Hangs up where nothing is under way, and from now on wherever nothing is any more. */
  readonly hangUpIdle: () => void;
  readonly cutAll: () => void;
}

interface Connection {
  readonly socket: Socket;
  underWay: number;
  /** Bytes that had come when nothing was under way last. More of them are the beginning of a request. */
  restingAt: number;
  /** Runs while nothing is under way. */
  idleTimer: NodeJS.Timeout | undefined;
}

export interface IdleTiming {
  /** How long a connection may be idle, before its first request as well as between two. */
  readonly keepAliveMs: number;
  /** How long a header may take to arrive. */
  readonly headerMs: number;
}

/** Clients know `keepAliveMs`. A request that they send in the last moment is still on its way then. */
const TRANSIT_MS = 1_000;

/**
 * Closes idle connections. Node does so only after a first request, and never if a client sends empty lines between requests.
 * @param server that does not listen yet
 */
export function watchConnections(server: Server, { keepAliveMs, headerMs }: IdleTiming): OpenConnections {
  const open = new Map<Socket, Connection>();
  let unwanted = false;

  const isPartial = ({ socket, restingAt }: Connection) => socket.bytesRead > restingAt;

  function hangUpIfIdle(connection: Connection): void {
    const { socket, underWay } = connection;
    if (underWay === 0 && !isPartial(connection) && socket.writable) hangUp(socket);
  }

  function startIdleTimer(connection: Connection): void {
    connection.idleTimer = setTimeout(() => {
      // Node ends a header that takes too long. What is left after that are empty lines, which begin no header.
      if (isPartial(connection)) connection.idleTimer = setTimeout(hangUp, 2 * headerMs, connection.socket);
      else hangUp(connection.socket);
    }, keepAliveMs + TRANSIT_MS);
  }

  server.on('connection', (socket: Socket) => {
    // Who sends many requests at once on one connection has as many listeners wait for its end.
    socket.setMaxListeners(0);
    // Node closes so after a last answer, and would not wait until that has been read.
    socket.destroySoon = () => {
      hangUp(socket);
    };
    const connection: Connection = { socket, underWay: 0, restingAt: 0, idleTimer: undefined };
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
    connection.underWay += 1;
    clearTimeout(connection.idleTimer);
    whenOver(response, () => {
      connection.underWay -= 1;
      // Of a body that was not waited for, the rest belongs to no request that is still to be answered.
      if (connection.underWay === 0) {
        connection.restingAt = request.complete ? request.socket.bytesRead : Infinity;
        if (open.has(request.socket)) startIdleTimer(connection);
      }
      if (unwanted) hangUpIfIdle(connection);
    });
    if (connection.restingAt === Infinity) connection.restingAt = 0;
  });

  return {
    requestsUnderWay: () =>
      [...open.values()].reduce(
        (sum, connection) => sum + (connection.underWay || Number(isPartial(connection))),
        0,
      ),
    hangUpIdle() {
      unwanted = true;
      for (const connection of open.values()) hangUpIfIdle(connection);
    },
    cutAll() {
      for (const { socket } of open.values()) cut(socket, 'CUT_AT_STOP');
    },
  };
}

/**
 * Cuts off clients that do not read their answers, which would be kept for them in memory. Node has no such timer.
 * @param patienceMs in which an answer must have been taken, in milliseconds
 */
export function cutUnreadAnswers(server: FastifyInstance, patienceMs: number): void {
  server.addHook('onSend', (_request, { raw }, payload, done) => {
    if (raw.socket) impatiently(raw, patienceMs);
    // Others on its connection are answered before it.
    else {
      raw.once('socket', () => {
        impatiently(raw, patienceMs);
      });
    }
    done(null, payload);
  });
}

function impatiently(response: ServerResponse, patienceMs: number): void {
  const impatience = setTimeout(() => {
    cut(response.req.socket, 'ANSWER_NOT_TAKEN');
  }, patienceMs);
  whenOver(response, () => {
    clearTimeout(impatience);
  });
}
