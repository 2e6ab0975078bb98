import { Readable } from 'node:stream';

import fc from 'fast-check';

import { arrivedBody, UnreadableBodyError, BodyTooLargeError, readBody } from '../../src/http/body/read-body';

const chunkLists = fc.array(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)));

/** A stream like the body of a request. */
const arriving = (chunks: Iterable<Buffer>) => Readable.from(chunks, { objectMode: false });

function* repeated(chunk: Buffer, times: number): Generator<Buffer> {
  for (let index = 0; index < times; index += 1) yield chunk;
}

describe('A body that has arrived', () => {
  const LIMITS = { maxBytes: 100, maxReadBytes: 100 };

  /** A request's stream with these bytes, of which no more may come. */
  function streamOf(bytes: string): Readable {
    const stream = new Readable({ read: () => undefined });
    stream.push(bytes);
    return stream;
  }

  it('is returned at once if it is whole, and can be read no more', () => {
    const stream = streamOf('whole');
    expect(arrivedBody(stream, { ...LIMITS, announcedBytes: 5 })?.toString()).toBe('whole');
    expect(stream.readableLength).toBe(0);
  });

  it('is left to be read if some of it is missing, if it is too long, or if the client is gone', () => {
    const missing = streamOf('part');
    const long = streamOf('x'.repeat(101));
    const gone = streamOf('whole').destroy();
    expect(arrivedBody(missing, { ...LIMITS, announcedBytes: 5 })).toBeUndefined();
    expect(arrivedBody(streamOf('without a length'), LIMITS)).toBeUndefined();
    expect(arrivedBody(long, { ...LIMITS, announcedBytes: 101 })).toBeUndefined();
    expect(arrivedBody(gone, { ...LIMITS, announcedBytes: 5 })).toBeUndefined();
    expect(missing.readableLength).toBe(4);
  });
});

describe('Reading a body', () => {
  it('returns all chunks together, or rejects a body that is too large', async () => {
    await fc.assert(
      fc.asyncProperty(chunkLists, fc.nat(3000), async (chunks, limit) => {
        const whole = Buffer.concat(chunks);
        const reading = readBody(arriving(chunks), { maxBytes: limit, maxReadBytes: 4000 });
        if (whole.length > limit) await expect(reading).rejects.toThrow(BodyTooLargeError);
        else expect(whole.equals(await reading)).toBe(true);
      }),
    );
  });

  it('accepts a body as long as the limit, and buffers no more than that', async () => {
    const limit = 100_000;
    const body = await readBody(arriving(repeated(Buffer.alloc(100, 'x'), 1000)), {
      maxBytes: limit,
      maxReadBytes: limit,
    });
    expect(body.toString()).toBe('x'.repeat(limit));
    expect(body.buffer.byteLength).toBeLessThanOrEqual(limit);
  });

  it('reads a body that is too long further, but not forever', async () => {
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

  it('accepts 4,096 tiny chunks and rejects one more', async () => {
    const limits = { maxBytes: 1_048_576, maxReadBytes: 1_048_576 };
    const tiny = Buffer.from('x');
    expect(await readBody(arriving(repeated(tiny, 4096)), limits)).toHaveLength(4096);
    await expect(readBody(arriving(repeated(tiny, 4097)), limits)).rejects.toThrow(UnreadableBodyError);
    const larger = readBody(arriving(repeated(Buffer.alloc(64), 16_384)), limits);
    expect(await larger).toHaveLength(1_048_576);
  });
});
