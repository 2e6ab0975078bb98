import type { FastifyInstance } from 'fastify';

import { RequestError } from './errors';

/**
 * Reads JSON bodies strictly as UTF-8. Fastify's own parser takes any charset for UTF-8 and puts U+FFFD where a byte is none,
 * which would store something that nobody sent.
 */
export function readJsonStrictly(server: FastifyInstance): void {
  const parseJson = server.getDefaultJsonParser('error', 'error');
  const utf8 = new TextDecoder('utf-8', { fatal: true });

  server.removeContentTypeParser(['application/json', 'text/plain']);
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(request.headers['content-type'] ?? '')?.[1];
    if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
      done(
        new RequestError(
          415,
          `The body must be encoded in UTF-8, not in ${charset || 'an unnamed charset'}.`,
        ),
      );
      return;
    }
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      done(new RequestError(415, `The body must not be compressed; it is: ${encoding}.`));
      return;
    }
    let text: string;
    try {
      text = utf8.decode(typeof body === 'string' ? Buffer.from(body) : body);
    } catch {
      done(new RequestError(400, 'The body is not valid UTF-8.'));
      return;
    }
    void parseJson(request, text, done);
  });
}
