import type { Readable } from 'node:stream';

/** The body is longer than the limit. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
  /** Fastify reads the status of the response from here. */
  readonly statusCode = 413;
}

/** The client disconnected, or sends the body in too many tiny chunks. */
export class UnreadableBodyError extends Error {
  override readonly name = 'UnreadableBodyError';
  readonly statusCode = 400;
}

export interface BodyLimits {
  /** A longer body is an error. */
  readonly maxBytes: number;
  /** How far a body that is too long is read and discarded; at least `maxBytes`. */
  readonly maxReadBytes: number;
  /** The value of `content-length`; not a number if the request has none. */
  readonly announcedBytes?: number;
}

/** Handling a chunk costs about as much as a hundred bytes, so a flood of tiny chunks costs more than the largest body. */
const TINY_CHUNKS = { max: 4_096, averageBytes: 64 };

const MIN_CAPACITY = 16_384;

/** Callbacks while a body is read. */
export interface BodyReadObserver {
  /** @param abort stops reading; `readBody` then rejects with the reason */
  readonly onStart: (abort: (reason: Error) => void) => void;
  /** Called for each chunk with the size of the buffer. It may abort. */
  readonly onBuffered: (bytes: number) => void;
}

/**
 * Reads a body as bytes. A body that is too long is read further and discarded, up to a limit: a client whose connection closes
 * while it still writes sees a broken connection instead of the response, and tries again.
 *
 * After an error the stream is only paused, because its connection carries the response. The caller must close the connection
 * afterwards, as Fastify does when a body parser fails.
 * @throws BodyTooLargeError, UnreadableBodyError
 */
export function readBody(
  payload: Readable,
  { maxBytes, maxReadBytes, announcedBytes = NaN }: BodyLimits,
  observer?: BodyReadObserver,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let buffer: Buffer = Buffer.alloc(0);
    let length = 0;
    let chunks = 0;
    let isDone = false;

    function finish(): void {
      isDone = true;
      payload.off('data', onData).off('end', onEnd).off('error', onBreak).off('close', onBreak);
    }
    function abort(reason: Error): void {
      if (isDone) return;
      finish();
      payload.pause();
      buffer = Buffer.alloc(0);
      reject(reason);
    }
    function onBreak(cause?: unknown): void {
      abort(new UnreadableBodyError('The body ended before its end.', { cause }));
    }
    function onEnd(): void {
      if (length > maxBytes)
        abort(new BodyTooLargeError(`The body has more than ${String(maxBytes)} bytes.`));
      else if (hasTinyChunks(chunks, length))
        abort(new UnreadableBodyError('The body comes in too many tiny pieces.'));
      else {
        finish();
        resolve(buffer.subarray(0, length));
      }
    }
    function onData(chunk: Buffer): void {
      const start = length;
      length += chunk.length;
      chunks += 1;
      if (length > maxBytes) buffer = Buffer.alloc(0);
      // Most bodies are a single chunk.
      else if (length === announcedBytes && start === 0) buffer = chunk;
      else {
        // Copied, because a chunk of one byte is an object of several hundred bytes.
        buffer = withCapacity(buffer, start, length, Math.min(maxBytes, announcedBytes || maxBytes));
        chunk.copy(buffer, start);
      }
      observer?.onBuffered(buffer.length);
      if (length > maxReadBytes || hasTinyChunks(chunks, length)) onEnd();
    }

    if (payload.readableEnded) {
      onEnd();
      return;
    }
    if (payload.destroyed) {
      onBreak();
      return;
    }
    payload.on('end', onEnd).on('error', onBreak).on('close', onBreak).on('data', onData);
    observer?.onStart(abort);
  });
}

/** The body, if all of it has arrived by now: most bodies arrive together with the header, and need no listeners. */
export function arrivedBody(
  payload: Readable,
  { maxBytes, announcedBytes = NaN }: BodyLimits,
): Buffer | undefined {
  const hasArrived =
    !payload.destroyed && payload.readableLength === announcedBytes && announcedBytes <= maxBytes;
  return hasArrived ? (payload.read() as Buffer) : undefined;
}

function hasTinyChunks(chunks: number, length: number): boolean {
  return chunks > TINY_CHUNKS.max && length < chunks * TINY_CHUNKS.averageBytes;
}

/** A buffer of at least `end` bytes that has the first `start` bytes of `buffer`. */
function withCapacity(buffer: Buffer, start: number, end: number, maxBytes: number): Buffer {
  if (end <= buffer.length) return buffer;
  const larger = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(end, 2 * buffer.length, MIN_CAPACITY)));
  buffer.copy(larger, 0, 0, start);
  return larger;
}
