import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';

/** A server's timeouts for its clients, in milliseconds. */
export interface ServerTiming {
  /** For a request's header to arrive. */
  readonly headerMs: number;
  /** For a whole request to arrive, with its header, and for the client to read the response. At least `headerMs`. */
  readonly requestMs: number;
  /** For the first or the next request on a connection. Sent to clients; the connection is closed one second later. */
  readonly keepAliveMs: number;
  /** For active requests to finish when the server stops. */
  readonly stopGraceMs: number;
}

export const DEFAULT_TIMING: ServerTiming = {
  headerMs: 10_000,
  requestMs: 10_000,
  keepAliveMs: 65_000,
  stopGraceMs: 10_000,
};

/** Node's default limit for a request's header. */
const DEFAULT_HEADER_BYTES = 16_384;
/** Reserved for the other fields of a header. */
const OTHER_FIELDS_BYTES = 8_192;

/** The limit for a request's header, so that one field of `fieldBytes` fits. Larger headers get 431. */
export function maxHeaderBytes(fieldBytes: number): number {
  return Math.max(DEFAULT_HEADER_BYTES, fieldBytes + OTHER_FIELDS_BYTES);
}

/** Options for Fastify: the timeouts, and every request reaches the hooks. */
export function serverOptions({
  headerMs,
  requestMs,
  keepAliveMs,
}: Pick<ServerTiming, 'headerMs' | 'requestMs' | 'keepAliveMs'>): {
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  readonly return503OnClosing: false;
  readonly http: ServerOptions;
  readonly schemaController: typeof NO_SCHEMAS;
} {
  return {
    // Fastify sets these on Node's server, with its own defaults if they are missing.
    requestTimeout: requestMs,
    keepAliveTimeout: keepAliveMs,
    // Requests on open connections get a normal response while the server stops.
    return503OnClosing: false,
    // Node's defaults are a minute, checked every half minute.
    http: {
      requestTimeout: requestMs,
      headersTimeout: headerMs,
      connectionsCheckingInterval: Math.ceil(headerMs / 10),
      // Without a Host header, Node would send a response of its own, which is neither GraphQL nor AWS's JSON.
      requireHostHeader: false,
    },
    schemaController: NO_SCHEMAS,
  };
}

function refuseSchema(): never {
  throw new Error('no route may declare a JSON schema');
}

/** Without this, Fastify loads its compilers for the JSON schemas of routes at every start, and no route has one. */
const NO_SCHEMAS = { compilersFactory: { buildValidator: refuseSchema, buildSerializer: refuseSchema } };

/** Handles requests with an unknown `Expect` header like any other. Node would reject them. */
export function acceptExpectHeaders(server: Server): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    server.emit('request', request, response),
  );
}
