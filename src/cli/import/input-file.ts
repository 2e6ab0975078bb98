import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

import type { CommandContext } from '../command';
import type { Progress } from './progress';

/** A file that an import reads once, from its beginning to its end. Its beginning can be looked at before. */
export interface InputFile {
  /** Its path, or `-` for standard input. */
  readonly file: string;
  /** Reads ahead, as far as the caller goes on. What is read is kept for `chunks`. @throws the error of the file system */
  readonly lookAhead: () => AsyncIterable<Buffer>;
  /** All of its bytes, with a progress bar. @throws the error of the file system */
  readonly chunks: () => AsyncIterable<Buffer>;
}

const CHUNK_BYTES = 256 * 1024;

export function openInput(file: string, progress: Progress, { stdin }: CommandContext): InputFile {
  const source = file === '-' ? bytesOf(stdin) : bytesOfFile(file);
  const kept: Buffer[] = [];
  let failure: { readonly error: unknown } | undefined;

  async function* lookAhead(): AsyncGenerator<Buffer> {
    try {
      // Not for … of, which would close the file where the caller stops.
      for (let next = await source.next(); next.done !== true; next = await source.next()) {
        kept.push(next.value);
        yield next.value;
      }
    } catch (error) {
      failure = { error };
      throw error;
    }
  }

  async function* all(): AsyncGenerator<Buffer> {
    for (let chunk = kept.shift(); chunk; chunk = kept.shift()) yield chunk;
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

/** The file is opened when its first bytes are asked for. */
async function* bytesOfFile(file: string): AsyncGenerator<Buffer> {
  yield* createReadStream(file, { highWaterMark: CHUNK_BYTES });
}
