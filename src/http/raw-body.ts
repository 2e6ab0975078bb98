import type { Readable } from 'node:stream';

/** A body that is longer than what is taken. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
}

/** A body that ended before its end: its sender went away. */
export class BodyCutOffError extends Error {
  override readonly name = 'BodyCutOffError';
  /** Fastify's name for whose fault it is. */
  readonly statusCode = 400;
}

/**
 * Reads a body as it came. One that is too long is read on to its end and thrown away, up to a bound: a client that is cut off
 * while it still writes sees a broken connection instead of its answer, and tries again.
 * @param limit bytes that are kept
 * @param patience bytes that are read at all
 * @throws BodyTooLargeError, BodyCutOffError
 */
export async function readRawBody(
  payload: Readable,
  { limit, patience }: { readonly limit: number; readonly patience: number },
): Promise<Buffer> {
  let chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of payload as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length <= limit) chunks.push(chunk);
      else chunks = [];
      if (length > patience) break;
    }
  } catch (error) {
    throw new BodyCutOffError('The body ended before its end.', { cause: error });
  }
  if (length > limit) throw new BodyTooLargeError(`The body has more than ${String(limit)} bytes.`);
  return Buffer.concat(chunks, length);
}
