import { isUtf8 } from 'node:buffer';

import type { FastifyInstance, FastifyRequest } from 'fastify';

import { RequestError } from '../../graphql/request-error';

const NO_BYTES = Buffer.alloc(0);

/**
 * Parses JSON bodies, strictly as UTF-8. Fastify's own parser reads every charset as UTF-8 and replaces invalid bytes with U+FFFD,
 * so the store would keep text that the client never sent; it also keeps an object for each chunk of a body. `admitRequests` reads
 * the bytes.
 */
export function addJsonParser(server: FastifyInstance): void {
  const parseJson = server.getDefaultJsonParser('error', 'error');

  server.removeContentTypeParser(['application/json', 'text/plain']);
  server.addContentTypeParser('application/json', (request: FastifyRequest, _payload, done) => {
    const text = decode(request, request.bodyBytes ?? NO_BYTES);
    if (text instanceof RequestError) {
      done(text);
      return;
    }
    let result: [error: Error | null, body?: unknown] = [null];
    // The parser calls back at once, and would take an error of a later hook for one of its own.
    void parseJson(request, text, (...parsed) => {
      result = parsed;
    });
    done(...result);
  });
}

/** Returns an error for another charset, a compressed body, or bytes that are not UTF-8. */
function decode({ headers }: FastifyRequest, body: Buffer): string | RequestError {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    return new RequestError(
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      `The body must be encoded in UTF-8, not in ${charset || 'an unnamed charset'}.`,
    );
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && !isIdentity(encoding)) {
    return new RequestError(
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      `The body must not be compressed; it is: ${encoding}.`,
    );
  }
  return isUtf8(body)
    ? body.toString()
    : new RequestError(400, 'BAD_REQUEST', 'The body is not valid UTF-8.');
}

/** A list of names. Case and empty elements are ignored (RFC 9110, sections 8.4.1 and 5.6.1). */
function isIdentity(encoding: string): boolean {
  return encoding.split(',').every((name) => /^(?:identity)?$/i.test(name.trim()));
}
