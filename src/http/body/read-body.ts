import type { Readable } from 'node:stream';

/** A body that is longer than what is taken. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
  /** Fastify's name for whose fault it is. */
  readonly statusCode = 413;
}

/** A body that can't be read: its sender went away, or sends it in crumbs. */
export class BodyBrokenError extends Error {
  override readonly name = 'BodyBrokenError';
  readonly statusCode = 400;
}

export interface BodyBounds {
  /** Bytes that are kept. */
  readonly limit: number;
  /** Bytes that are read at all; at least `limit`. */
  readonly patience: number;
}

/** Each piece costs as much to handle as some hundred bytes do, so that a flood of tiny ones costs more than any body. */
const CRUMBS = { pieces: 4_096, bytesEach: 64 };

const LEAST_CAPACITY = 16_384;

/** Follows a body on its way. */
export interface BodyWatch {
  /** @param giveUp ends the reading, which rejects with what it is given */
  readonly begun: (giveUp: (why: Error) => void) => void;
  /** Is told of the bytes that are kept by now. It may give up. */
  readonly keeps: (bytes: number) => void;
}

/**
 * Reads a body as it came. One that is too long is read on and thrown away, up to a bound: a client that is cut off while it
 * still writes sees a broken connection instead of its answer, and tries again.
 *
 * A body that is not read to its end leaves its stream as it is, for its connection is what the answer goes over. That must be
 * closed then, as Fastify does where a parser of bodies fails.
 * @throws BodyTooLargeError, BodyBrokenError
 */
export function readRawBody(
  payload: Readable,
  { limit, patience }: BodyBounds,
  watch?: BodyWatch,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let kept: Buffer = Buffer.alloc(0);
    let length = 0;
    let pieces = 0;
    let isOver = false;

    function end(): void {
      isOver = true;
      payload.off('data', take).off('end', conclude).off('error', breakOff).off('close', breakOff);
    }
    function giveUp(why: Error): void {
      if (isOver) return;
      end();
      payload.pause();
      kept = Buffer.alloc(0);
      reject(why);
    }
    function breakOff(cause?: unknown): void {
      giveUp(new BodyBrokenError('The body ended before its end.', { cause }));
    }
    function conclude(): void {
      if (length > limit) giveUp(new BodyTooLargeError(`The body has more than ${String(limit)} bytes.`));
      else if (isCrumbs(pieces, length))
        giveUp(new BodyBrokenError('The body comes in too many tiny pieces.'));
      else {
        end();
        resolve(kept.subarray(0, length));
      }
    }
    function take(chunk: Buffer): void {
      const start = length;
      length += chunk.length;
      pieces += 1;
      if (length <= limit) {
        // Copied, for a piece of one byte is kept as an object that takes hundreds.
        kept = withRoom(kept, start, length, limit);
        chunk.copy(kept, start);
      } else kept = Buffer.alloc(0);
      watch?.keeps(kept.length);
      if (length > patience || isCrumbs(pieces, length)) conclude();
    }

    if (payload.readableEnded) {
      conclude();
      return;
    }
    if (payload.destroyed) {
      breakOff();
      return;
    }
    payload.on('end', conclude).on('error', breakOff).on('close', breakOff).on('data', take);
    watch?.begun(giveUp);
  });
}

function isCrumbs(pieces: number, length: number): boolean {
  return pieces > CRUMBS.pieces && length < pieces * CRUMBS.bytesEach;
}

/** A buffer with what another one has up to `start`, and room up to `end`. */
function withRoom(kept: Buffer, start: number, end: number, limit: number): Buffer {
  if (end <= kept.length) return kept;
  const roomy = Buffer.allocUnsafe(Math.min(limit, Math.max(end, 2 * kept.length, LEAST_CAPACITY)));
  kept.copy(roomy, 0, 0, start);
  return roomy;
}
