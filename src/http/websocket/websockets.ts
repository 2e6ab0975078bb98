import type { Socket } from 'node:net';

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { handleProtocols } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';

import type { Authentication } from '../../authentication/authentication';
import { atExpiry } from '../../authentication/user/at-expiry';
import { RequestError } from '../../graphql/request-error';
import { createTurns } from '../../graphql/subscriptions/turns';
import type { SubscriptionObserver } from '../../telemetry/events';
import { overloaded } from '../errors';
import { REQUEST_ID_HEADER } from '../headers';
import type { UpgradedConnection } from '../lifecycle/connections';
import { authenticateSocket } from './authenticate-socket';
import { createProtocol, type ProtocolOptions, type SocketState } from './graphql-socket';
import { checkOrigin } from './origin';
import { createOutgoing } from './outgoing';
import { upgradeOf, type Upgrade } from './upgrade-requests';

export interface WebSocketLimits extends Pick<
  ProtocolOptions,
  'maxSubscriptionsPerSocket' | 'initTimeoutMs'
> {
  /** Open WebSockets. */
  readonly maxSockets: number;
  /** Open WebSockets of one authenticated user. */
  readonly maxSocketsPerSubject: number;
  /** Bytes of a message from a client. */
  readonly maxMessageBytes: number;
  /** How often a client is asked whether it is there, in milliseconds. One that has not responded by the next time is gone. */
  readonly pingMs: number;
}

export interface WebSocketOptions extends Pick<ProtocolOptions, 'schema' | 'subscriptions' | 'rateLimits'> {
  /** The path of GraphQL. WebSockets are opened at no other. */
  readonly path: string;
  readonly authentication: Authentication;
  /** Origins, besides the server's own, whose pages may open WebSockets. */
  readonly origins: readonly string[];
  readonly limits: WebSocketLimits;
  readonly observe: SubscriptionObserver;
  /** Receives unexpected errors, with the id of the upgrade request. */
  readonly reportFault: (error: unknown, requestId: string) => void;
  /** Receives each connection that has become a WebSocket. */
  readonly upgraded: (socket: Socket, connection: UpgradedConnection) => void;
}

export interface WebSockets {
  /** How many are open. */
  readonly count: () => number;
}

/** How long a client has to close its side after this one has closed, in milliseconds. */
const CLOSE_MS = 1_000;
/** Sockets that are closed in one turn of the event loop when the server stops. */
const CLOSED_PER_TURN = 32;
/** The close code of a server that stops: clients connect again, to another one. */
const GOING_AWAY = 1001;

/**
 * Accepts WebSockets for subscriptions. Add it after all hooks that decide about a request.
 * @param server for which `routeUpgrades` was called
 */
export function addWebSockets(server: FastifyInstance, options: WebSocketOptions): WebSockets {
  const { path, authentication, origins, limits, observe, reportFault, upgraded } = options;
  const socketsOf = new Map<string, number>();
  const closingTurn = createTurns(CLOSED_PER_TURN);
  const sockets = new WeakMap<
    SocketState,
    { readonly webSocket: WebSocket; readonly request: FastifyRequest }
  >();
  let count = 0;

  const webSocketServer = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: limits.maxMessageBytes,
    perMessageDeflate: false,
    // graphql-ws ends a subscription in microtasks; a message that follows must find its id free.
    allowSynchronousEvents: false,
    handleProtocols: (protocols) => handleProtocols(protocols),
    closeTimeout: CLOSE_MS,
  } as ConstructorParameters<typeof WebSocketServer>[0]);
  // `handleUpgrade` calls these before it returns.
  const handshake: { id: string; error: Error | undefined } = { id: '', error: undefined };
  webSocketServer.on('wsClientError', (error) => {
    handshake.error = error;
  });
  webSocketServer.on('headers', (headers: string[]) => {
    headers.push(`${REQUEST_ID_HEADER}: ${handshake.id}`);
  });

  const protocol = createProtocol({ ...options, ...limits, connect });

  async function connect(
    state: SocketState,
    params: Readonly<Record<string, unknown>> | undefined,
  ): Promise<boolean> {
    const socket = sockets.get(state);
    if (!socket) throw new Error('an unknown socket has sent a message');
    const { webSocket, request } = socket;
    const authenticated = await authenticateSocket(authentication, request.raw.rawHeaders, params);
    if ('close' in authenticated) {
      refuse(
        state,
        authenticated.close.code === 4403 ? 'ACCESS_DENIED' : 'UNAUTHENTICATED',
        authenticated.why,
      );
      webSocket.close(authenticated.close.code, authenticated.close.reason);
      return false;
    }
    const { viewer, expiresAt } = authenticated;
    // It may have closed meanwhile.
    if (webSocket.readyState !== webSocket.OPEN) return false;
    if (authentication.user && !enter(viewer.subject, webSocket)) {
      refuse(state, 'OVERLOADED', 'the user has MAX_SOCKETS_PER_SUBJECT sockets', viewer.subject);
      webSocket.close(1013, 'Too many sockets');
      return false;
    }
    state.viewer = viewer;
    const cancel = atExpiry(expiresAt, () => {
      end(state, 'UNAUTHENTICATED');
      webSocket.close(4401, 'Token expired');
    });
    webSocket.once('close', cancel);
    return true;
  }

  /** Counts a socket of a user. @returns whether the user may have it */
  function enter(subject: string, webSocket: WebSocket): boolean {
    const open = socketsOf.get(subject) ?? 0;
    if (open >= limits.maxSocketsPerSubject) return false;
    socketsOf.set(subject, open + 1);
    webSocket.once('close', () => {
      const left = (socketsOf.get(subject) ?? 1) - 1;
      if (left === 0) socketsOf.delete(subject);
      else socketsOf.set(subject, left);
    });
    return true;
  }

  function refuse({ requestId }: SocketState, outcome: string, reason: string, subject?: string): void {
    observe.refused({
      transport: 'websocket',
      requestId,
      operation: undefined,
      operationName: undefined,
      subject,
      outcome,
      reason,
      events: 0,
      startedAt: Date.now(),
      durationMs: 0,
    });
  }

  /** Completes the subscriptions of a socket. */
  function end(state: SocketState, outcome: SocketState['outcome']): void {
    state.outcome = outcome;
    for (const stream of [...state.streams]) void stream.return();
  }

  function open(webSocket: WebSocket, request: FastifyRequest): void {
    const state: SocketState = {
      requestId: request.id,
      viewer: undefined,
      outcome: 'OK',
      streams: new Set(),
    };
    sockets.set(state, { webSocket, request });
    count += 1;
    const stopPings = keepAlive(webSocket, limits.pingMs);
    const outgoing = createOutgoing(webSocket);
    // ws closes the socket itself, with the code for what was wrong.
    webSocket.on('error', () => undefined);
    const closed = protocol.opened(
      {
        protocol: webSocket.protocol,
        send: outgoing.send,
        onPing: outgoing.pong,
        close(code, reason) {
          webSocket.close(code, reason);
        },
        onMessage(handle) {
          webSocket.on('message', (data: Buffer) => {
            handle(data.toString()).catch((error: unknown) => {
              failed(webSocket, state, error);
            });
          });
        },
      },
      state,
    );
    webSocket.once('close', (code, reason) => {
      count -= 1;
      stopPings();
      if (state.outcome === 'OK') state.outcome = 'CLIENT_GONE';
      closed(code, reason.toString()).catch((error: unknown) => {
        reportFault(error, state.requestId);
      });
    });
    upgraded(request.raw.socket, {
      async close() {
        await closingTurn();
        // They get `complete`, so that their clients know that there may be a gap.
        end(state, 'SERVER_STOPPING');
        setImmediate(() => {
          webSocket.close(GOING_AWAY, 'Going away');
        });
      },
      destroy() {
        webSocket.terminate();
      },
    });
  }

  function failed(webSocket: WebSocket, state: SocketState, error: unknown): void {
    if (error instanceof Error && error.message.startsWith('Unexpected message of type')) {
      webSocket.close(4400, 'Invalid message received');
      return;
    }
    reportFault(error, state.requestId);
    webSocket.close(4500, 'Internal server error');
  }

  /** @throws RequestError */
  function accept(request: FastifyRequest, { socket, head }: Upgrade): WebSocket {
    checkOrigin(request, origins);
    if (count >= limits.maxSockets) throw overloaded();
    let accepted: WebSocket | undefined;
    Object.assign(handshake, { id: request.id, error: undefined });
    webSocketServer.handleUpgrade(request.raw, socket, head, (webSocket) => {
      accepted = webSocket;
    });
    if (accepted) return accepted;
    const reason = handshake.error?.message ?? 'the connection is closed';
    throw new RequestError(400, 'BAD_REQUEST', `The request is no WebSocket handshake: ${reason}.`);
  }

  server.addHook('onRequest', (request, reply, done) => {
    const upgrade = upgradeOf(request.raw);
    if (!upgrade || request.routeOptions.url !== path) {
      done();
      return;
    }
    let webSocket: WebSocket;
    try {
      webSocket = accept(request, upgrade);
    } catch (error) {
      done(error as Error);
      return;
    }
    reply.hijack();
    request.record.isUpgraded = true;
    upgrade.taken();
    open(webSocket, request);
  });

  return { count: () => count };
}

/** Asks the client regularly whether it is there, and closes the socket of one that is not. @returns what ends it */
function keepAlive(webSocket: WebSocket, pingMs: number): () => void {
  let isAlive = true;
  webSocket.on('pong', () => {
    isAlive = true;
  });
  const timer = setInterval(() => {
    if (!isAlive) {
      webSocket.terminate();
      return;
    }
    isAlive = false;
    webSocket.ping();
  }, pingMs);
  return () => {
    clearInterval(timer);
  };
}
