import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { FastifyInstance } from 'fastify';

import { closeSocket, destroySocket } from './close-socket';
import { onResponseEnd, type ResponseListener } from './response-end';
import { SharedTimeouts, type SharedTimeout } from './shared-timeouts';

/** The open connections of a server. */
export interface OpenConnections {
  /** The number of requests that have arrived, completely or in part, and whose response is not complete. */
  readonly activeRequests: () => number;
  /** Closes idle connections, and from now on each connection as soon as it is idle. */
  readonly closeIdle: () => void;
  readonly destroyAll: () => void;
  /** HTTP has ended on a connection. What it becomes, if anything, is not decided yet. */
  readonly upgrading: (socket: Socket) => void;
  /** Says how to close a connection, with the others, that has become something else than HTTP. */
  readonly upgraded: (socket: Socket, connection: UpgradedConnection) => void;
}

/** A connection that does not speak HTTP any more. */
export interface UpgradedConnection {
  /** Closes it, after what its client must still get. */
  readonly close: () => void | Promise<void>;
  readonly destroy: () => void;
}

export interface IdleTiming {
  /** How long a connection may be idle, before its first request as well as between requests. */
  readonly keepAliveMs: number;
  /** How long a header may take to arrive. */
  readonly headerMs: number;
}

/** Clients know `keepAliveMs`. A request that a client sends at the last moment may still be in transit. */
const TRANSIT_MS = 1_000;

/** What the connections of a server share. */
interface Shared {
  readonly open: Set<ActiveConnection>;
  readonly idleTimeouts: SharedTimeouts;
  readonly emptyLineTimeouts: SharedTimeouts;
  readonly upgraded: Map<Socket, UpgradedConnection>;
  /** Whether each connection is closed as soon as it is idle. */
  isClosing: boolean;
}

const CONNECTION = Symbol('connection');
type WatchedSocket = Socket & { [CONNECTION]?: ActiveConnection };

class ActiveConnection implements ResponseListener {
  private requests = 0;
  /** Bytes read when the connection last became idle. More bytes are the start of a request. */
  private bytesReadWhenIdle = 0;
  /** Runs while the connection is idle. */
  private idleTimeout: SharedTimeout | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly shared: Shared,
  ) {
    shared.open.add(this);
    this.startIdleTimeout();
    socket.once('close', () => {
      this.idleTimeout?.clear();
      shared.open.delete(this);
    });
  }

  /** The number of requests that have arrived, completely or in part, and whose response is not complete. */
  get activeRequests(): number {
    return this.requests || Number(this.hasPartialRequest());
  }

  requestArrived(response: ServerResponse): void {
    this.requests += 1;
    this.idleTimeout?.clear();
    onResponseEnd(response, this);
    if (this.bytesReadWhenIdle === Infinity) this.bytesReadWhenIdle = 0;
  }

  /** HTTP has ended on this connection: it is neither idle nor busy with a request. */
  detach(): void {
    this.idleTimeout?.clear();
    this.shared.open.delete(this);
  }

  responseEnded({ req }: ServerResponse): void {
    this.requests -= 1;
    if (this.requests === 0) {
      // After an early response, the rest of the request's body is not the start of another request.
      this.bytesReadWhenIdle = req.complete ? this.socket.bytesRead : Infinity;
      if (this.shared.open.has(this)) this.startIdleTimeout();
    }
    if (this.shared.isClosing) this.closeIfIdle();
  }

  closeIfIdle(): void {
    if (this.requests === 0 && !this.hasPartialRequest() && this.socket.writable) closeSocket(this.socket);
  }

  cutOff(): void {
    destroySocket(this.socket, 'CUT_AT_STOP');
  }

  private hasPartialRequest(): boolean {
    return this.socket.bytesRead > this.bytesReadWhenIdle;
  }

  private startIdleTimeout(): void {
    this.idleTimeout = this.shared.idleTimeouts.start(this.idleTimeIsOver);
  }

  private readonly idleTimeIsOver = (): void => {
    // Node times out a slow header. Input that is left after that is empty lines, for which Node has no timeout.
    if (this.hasPartialRequest()) this.idleTimeout = this.shared.emptyLineTimeouts.start(this.close);
    else this.close();
  };

  private readonly close = (): void => {
    closeSocket(this.socket);
  };
}

/**
 * Tracks connections and closes idle ones. Node closes idle connections only after the first request, and never if a client sends
 * empty lines between requests.
 * @param server not listening yet
 */
export function watchConnections(server: Server, { keepAliveMs, headerMs }: IdleTiming): OpenConnections {
  const shared: Shared = {
    open: new Set(),
    idleTimeouts: new SharedTimeouts(keepAliveMs + TRANSIT_MS),
    emptyLineTimeouts: new SharedTimeouts(2 * headerMs),
    upgraded: new Map(),
    isClosing: false,
  };

  server.on('connection', (socket: WatchedSocket) => {
    // Each pipelined request adds a `close` listener.
    socket.setMaxListeners(0);
    // Node calls this after the last response, and would not wait until the client has read it.
    socket.destroySoon = () => {
      closeSocket(socket);
    };
    socket[CONNECTION] = new ActiveConnection(socket, shared);
  });
  server.on('request', ({ socket }: { readonly socket: WatchedSocket }, response) => {
    socket[CONNECTION]?.requestArrived(response);
  });

  return {
    activeRequests: () => [...shared.open].reduce((sum, { activeRequests }) => sum + activeRequests, 0),
    closeIdle() {
      shared.isClosing = true;
      for (const connection of shared.open) connection.closeIfIdle();
      for (const connection of shared.upgraded.values()) void connection.close();
    },
    destroyAll() {
      for (const connection of shared.open) connection.cutOff();
      for (const connection of shared.upgraded.values()) connection.destroy();
    },
    upgrading(socket: WatchedSocket) {
      socket[CONNECTION]?.detach();
      shared.upgraded.set(socket, { close: () => undefined, destroy: () => socket.destroy() });
      socket.once('close', () => {
        shared.upgraded.delete(socket);
      });
    },
    upgraded(socket, connection) {
      // Its socket may have closed meanwhile.
      if (shared.upgraded.has(socket)) shared.upgraded.set(socket, connection);
      if (shared.isClosing) void connection.close();
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
    onResponseEnd(response, {
      responseEnded() {
        timeout.clear();
      },
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
