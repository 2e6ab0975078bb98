import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import { invalidHostReason } from '../host';
import { closeSocket } from './close-socket';
import { onResponseEnd, openResponses, type ResponseListener } from './response-end';

/** Node's error for input that is not HTTP or arrives too late. The code is `CONNECT` or `INVALID_HOST` for CONNECT requests. */
export type ClientError = Error & { readonly code?: string };

/** The last response on a connection. */
export interface MalformedHttpResponse {
  readonly status: number;
  /** The error code for the log. */
  readonly outcome: string;
  /** The whole response as it is sent. */
  readonly raw: string;
}

export interface MalformedHttpHandler {
  /** For Fastify's options. */
  readonly clientErrorHandler: (error: ClientError, socket: Socket) => void;
  /** Must be called with Fastify's Node server before it listens. */
  readonly watch: (server: Server) => void;
}

/** Closes its socket when malformed input has arrived and all responses to earlier requests are complete. */
class MalformedInput implements ResponseListener {
  /** To the last request that arrived. */
  latest: ServerResponse | undefined;
  isMalformed = false;

  constructor(private readonly socket: Socket) {}

  responseEnded(): void {
    if (this.isMalformed && !this.isFinishing()) closeSocket(this.socket);
  }

  /** Whether there are responses that the malformed input does not belong to: their request is complete, or they have started. */
  isFinishing(): boolean {
    return openResponses(this.socket).some(({ req, headersSent }) => req.complete || headersSent);
  }
}

/**
 * Responds to malformed HTTP, to requests that do not arrive in time, and to CONNECT. For these Node creates no request that a hook
 * could handle. Earlier requests on the same connection get their own responses first and no error, because they may have been
 * executed.
 * @param createResponse returns the raw response; `unfinished` is the request whose body is malformed or late, if any
 */
export function handleMalformedHttp(
  createResponse: (error: ClientError, unfinished: IncomingMessage | undefined) => string,
): MalformedHttpHandler {
  const connections = new WeakMap<Socket, MalformedInput>();

  function connectionOf(socket: Socket): MalformedInput {
    let connection = connections.get(socket);
    if (!connection) {
      connection = new MalformedInput(socket);
      connections.set(socket, connection);
    }
    return connection;
  }

  function reject(socket: Socket, error: ClientError): void {
    const connection = connectionOf(socket);
    // Node reports each further chunk again.
    if (connection.isMalformed) return;
    connection.isMalformed = true;
    if (connection.isFinishing()) return;
    if (hadEarlyResponse(connection.latest)) closeSocket(socket);
    else closeSocket(socket, createResponse(error, unfinishedRequest(connection.latest)));
  }

  return {
    watch(server) {
      server.on('connect', ({ socket, url = '', rawHeaders }) => {
        // Node has removed its own listener, and an `error` event without a listener ends the process.
        socket.on('error', () => socket.destroy());
        const reason = invalidHostReason({ originalUrl: url, raw: { rawHeaders } });
        const code = reason === undefined ? 'CONNECT' : 'INVALID_HOST';
        reject(socket, Object.assign(new Error('CONNECT is not supported'), { code }));
      });
      server.on('request', (request, response) => {
        const connection = connectionOf(request.socket);
        connection.latest = response;
        onResponseEnd(response, connection);
      });
    },
    clientErrorHandler(error, socket) {
      if (connectionOf(socket).isMalformed) return;
      if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
      else if (socket.bytesRead === 0) {
        // Node starts the timeout of the first header with the connection, and again with the first byte. Until the first byte the
        // connection is idle, and `watchConnections` closes it.
        if (error.code !== 'ERR_HTTP_REQUEST_TIMEOUT') closeSocket(socket);
      } else reject(socket, error);
    },
  };
}

/** Whether the request with the malformed body already got a response, which did not depend on its body. */
function hadEarlyResponse(latest: ServerResponse | undefined): boolean {
  return latest !== undefined && !latest.req.complete && latest.headersSent;
}

function unfinishedRequest(latest: ServerResponse | undefined): IncomingMessage | undefined {
  return latest === undefined || latest.req.complete ? undefined : latest.req;
}

/** Whether the client disconnected in the middle of a request. */
export function isDisconnect({ code }: ClientError): boolean {
  return code === 'HPE_INVALID_EOF_STATE';
}

/** A response as it is sent. It closes its connection. */
export function rawResponse(status: number, headers: Readonly<Record<string, string>>, body: string): string {
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
