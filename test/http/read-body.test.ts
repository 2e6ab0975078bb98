import { Readable } from 'node:stream';

import fc from 'fast-check';

import { UnreadableBodyError, BodyTooLargeError, readBody } from '../../src/http/body/read-body';

const pieces = fc.array(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)));

/** A body as it comes from a connection. */
const arriving = (chunks: Iterable<Buffer>) => Readable.from(chunks, { objectMode: false });

function* repeated(piece: Buffer, times: number): Generator<Buffer> {
  for (let index = 0; index < times; index += 1) yield piece;
}

describe('A body', () => {
  it('is what its pieces are together, or too large', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat(3000), async (chunks, limit) => {
        const whole = Buffer.concat(chunks);
        const reading = readBody(arriving(chunks), { maxBytes: limit, maxReadBytes: 4000 });
        if (whole.length > limit) await expect(reading).rejects.toThrow(BodyTooLargeError);
        else expect(whole.equals(await reading)).toBe(true);
      }),
    );
  });

  it('may be as long as its limit, and takes no more memory than that', async () => {
    const limit = 100_000;
    const body = await readBody(arriving(repeated(Buffer.alloc(100, 'x'), 1000)), {
      maxBytes: limit,
      maxReadBytes: limit,
    });
    expect(body.toString()).toBe('x'.repeat(limit));
    expect(body.buffer.byteLength).toBeLessThanOrEqual(limit);
  });

  it('is read on when it is too long, but not for ever', async () => {
    let read = 0;
    const endless = function* () {
      for (;;) {
        read += 1000;
        yield Buffer.alloc(1000);
      }
    };
    const reading = readBody(arriving(endless()), { maxBytes: 10_000, maxReadBytes: 1_000_000 });
    await expect(reading).rejects.toThrow(new BodyTooLargeError('The body has more than 10000 bytes.'));
    expect(read).toBeGreaterThan(1_000_000);
    expect(read).toBeLessThan(1_200_000);
  });

  it('may come in 4,096 tiny pieces, not in one more', async () => {
    const bounds = { maxBytes: 1_048_576, maxReadBytes: 1_048_576 };
    const crumb = Buffer.from('x');
    expect(await readBody(arriving(repeated(crumb, 4096)), bounds)).toHaveLength(4096);
    await expect(readBody(arriving(repeated(crumb, 4097)), bounds)).rejects.toThrow(UnreadableBodyError);
    const bites = readBody(arriving(repeated(Buffer.alloc(64), 16_384)), bounds);
    expect(await bites).toHaveLength(1_048_576);
  });
});
