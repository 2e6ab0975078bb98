import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';

/**
 * How a server must be made that sees every request itself. Node would answer by itself where there is no Host, past every hook, in
 * no shape that a client knows.
 */
export const EVERY_REQUEST: ServerOptions = { requireHostHeader: false };

/** Likewise has a server see requests that expect more of it than to go on, which Node would refuse. */
export function takeWhateverIsExpected(server: Server): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    server.emit('request', request, response),
  );
}
