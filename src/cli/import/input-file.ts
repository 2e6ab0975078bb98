import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

import type { CommandContext } from '../command';
import type { Progress } from '../progress-bar';

/** A file that can be read once, after a look ahead at its beginning. */
export interface InputFile {
  /** Its path, or `-` for standard input. */
  readonly file: string;
  /** Reads ahead until the caller stops. The bytes are kept for `chunks`. @throws the error of the file system */
  readonly lookAhead: () => AsyncIterable<Buffer>;
  /** All of its bytes, with a progress bar. @throws the error of the file system */
  readonly chunks: () => AsyncIterable<Buffer>;
}

const CHUNK_BYTES = 256 * 1024;

export function openInput(file: string, progress: Progress, { stdin }: CommandContext): InputFile {
  const source = file === '-' ? bytesOf(stdin) : bytesOfFile(file);
  const readAhead: Buffer[] = [];
  let failure: { readonly error: unknown } | undefined;

  async function* lookAhead(): AsyncGenerator<Buffer> {
    try {
      // for … of would close the file when the caller stops.
      for (let next = await source.next(); next.done !== true; next = await source.next()) {
        readAhead.push(next.value);
        yield next.value;
      }
    } catch (error) {
      failure = { error };
      throw error;
    }
  }

  async function* all(): AsyncGenerator<Buffer> {
    for (let chunk = readAhead.shift(); chunk; chunk = readAhead.shift()) yield chunk;
    if (failure) throw failure.error;
    yield* source;
  }

  async function* watched(): AsyncGenerator<Buffer> {
    const size = failure ? undefined : (await stat(file)).size;
    yield* progress.watch(file, size, all());
  }

  return { file, lookAhead, chunks: file === '-' ? all : watched };
}

async function* bytesOf(stream: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  for await (const chunk of stream) yield Buffer.from(chunk as Uint8Array | string);
}

/** Opens the file when the first chunk is requested. */
async function* bytesOfFile(file: string): AsyncGenerator<Buffer> {
  yield* createReadStream(file, { highWaterMark: CHUNK_BYTES });
}
