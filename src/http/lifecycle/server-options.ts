import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';

/** How long a server waits for its clients, in milliseconds. */
export interface ServerTiming {
  /** For a request's header to arrive. */
  readonly headerMs: number;
  /** For all of a request to arrive, its header with it; and for its answer to be taken. At least `headerMs`. */
  readonly requestMs: number;
  /** For the first or the next request on a connection. Clients are told so; a second later it is closed. */
  readonly keepAliveMs: number;
  /** For requests under way to be answered, once the server stops. */
  readonly stopGraceMs: number;
}

export const USUAL_TIMING: ServerTiming = {
  headerMs: 10_000,
  requestMs: 10_000,
  keepAliveMs: 65_000,
  stopGraceMs: 10_000,
};

/** Node's own bound of a header, in bytes, and what is kept free in a greater one for what comes besides the greatest field. */
const USUAL_HEADER_BYTES = 16_384;
const OTHER_FIELDS_BYTES = 8_192;

/** How much a header may have, in bytes, so that a field of so many can come in it. More is answered with 431. */
export function headerBytesFor(greatestField: number): number {
  return Math.max(USUAL_HEADER_BYTES, greatestField + OTHER_FIELDS_BYTES);
}

/** How Fastify must be made for requests that arrive in time or not at all. */
export function serverOptions({
  headerMs,
  requestMs,
  keepAliveMs,
}: Pick<ServerTiming, 'headerMs' | 'requestMs' | 'keepAliveMs'>): {
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  readonly return503OnClosing: false;
  readonly http: ServerOptions;
} {
  return {
    // Fastify sets these on the server that it has made, and would set others were they left out.
    requestTimeout: requestMs,
    keepAliveTimeout: keepAliveMs,
    // What still arrives on an open connection while the server stops is answered like any other request.
    return503OnClosing: false,
    // What Node's server is not made with, it takes for a minute, and looks for every half minute.
    http: {
      requestTimeout: requestMs,
      headersTimeout: headerMs,
      connectionsCheckingInterval: Math.ceil(headerMs / 10),
      // Node would answer by itself where there is no Host, past every hook, in no shape that a client knows.
      requireHostHeader: false,
    },
  };
}

/** Likewise has a server see requests that expect more of it than to go on, which Node would refuse. */
export function takeWhateverIsExpected(server: Server): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    server.emit('request', request, response),
  );
}
