import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { FastifyInstance } from 'fastify';

import { closeSocket } from '../lifecycle/close-socket';

/** A request that wants to become a WebSocket, and what is left of its HTTP connection. */
export interface Upgrade {
  readonly socket: Socket;
  /** Bytes that came after the header. */
  readonly head: Buffer;
  /** Ends HTTP on the connection: the response is not used any more. */
  readonly taken: () => void;
}

const UPGRADE = Symbol('upgrade');
type Upgradable = IncomingMessage & { [UPGRADE]?: Upgrade };

/** Undefined for an ordinary request. */
export function upgradeOf(request: Upgradable): Upgrade | undefined {
  return request[UPGRADE];
}

const FLAG = Symbol('upgrade flag');

/**
 * For the options of Node's server. With a listener for upgrades, Node hands over every request with an `Upgrade` header, without its
 * body. Clients of HTTP/2 send one (`h2c`) with ordinary requests, so only WebSockets are upgraded. Node reads the flag after the header.
 */
export class UpgradableRequest extends IncomingMessage {
  private [FLAG] = false;

  static {
    Object.defineProperty(UpgradableRequest.prototype, 'upgrade', {
      get(this: UpgradableRequest): boolean {
        if (!this[FLAG] || this.method === 'CONNECT') return this[FLAG];
        return this.method === 'GET' && this.headers.upgrade?.toLowerCase() === 'websocket';
      },
      set(this: UpgradableRequest, value: boolean) {
        this[FLAG] = value;
      },
    });
  }
}

/**
 * Has requests for WebSockets pass the hooks of the server, as any request does. A hook of the caller takes those that may be
 * upgraded; all others get a response, after which the connection is closed.
 * @param server whose Node server has UpgradableRequest as its class of requests
 * @param upgrading is called first, because HTTP has ended on the connection
 */
export function routeUpgrades(server: FastifyInstance, upgrading: (socket: Socket) => void): void {
  server.server.on('upgrade', (request: Upgradable, socket: Socket, head: Buffer) => {
    upgrading(socket);
    const ignoreError = () => socket.destroy();
    // Node has removed its own listener, and an `error` event without a listener ends the process.
    socket.on('error', ignoreError);
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    const endResponse = () => {
      response.detachSocket(socket);
      response.destroyed = true;
      response.emit('close');
    };
    // Node does this for the responses to ordinary requests.
    response.once('finish', () => {
      endResponse();
      closeSocket(socket);
    });
    request[UPGRADE] = {
      socket,
      head,
      taken() {
        socket.off('error', ignoreError);
        // Listeners for its end are called now, not when the WebSocket closes.
        endResponse();
      },
    };
    server.routing(request, response);
  });
}
