import { basename } from 'node:path';

import { printable } from '../terminal';
import { progressBar } from '../progress-bar';
import type { CommandContext } from '../command';

export interface Progress {
  /** Passes a file's bytes on and shows how many of them have been read. */
  readonly watch: (
    file: string,
    size: number | undefined,
    chunks: AsyncIterable<Buffer>,
  ) => AsyncIterable<Buffer>;
}

/** Files so small are read before anybody could look. */
const WORTH_WATCHING = 1024 * 1024;

/** A bar on standard error, where a person reads along; nothing elsewhere. */
export function createProgress({ stderr }: CommandContext): Progress {
  return {
    watch(file, size, chunks) {
      if (stderr.isTTY !== true || size === undefined || size < WORTH_WATCHING) return chunks;
      return watched(file, size, chunks);
    },
  };

  async function* watched(file: string, size: number, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const bar = progressBar(stderr, size);
    bar.start(size, 0, { name: printable(basename(file)) });
    try {
      for await (const chunk of chunks) {
        yield chunk;
        bar.increment(chunk.length);
      }
    } finally {
      bar.stop();
    }
  }
}
