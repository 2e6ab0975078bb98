import { basename } from 'node:path';

import { printable } from '../terminal';
import { progressBar } from '../progress-bar';
import type { CommandContext } from '../command';

export interface Progress {
  /** Passes the bytes of a file on and shows how many have been read. */
  readonly watch: (
    file: string,
    size: number | undefined,
    chunks: AsyncIterable<Buffer>,
  ) => AsyncIterable<Buffer>;
}

/** Smaller files are read too quickly for a progress bar. */
const MIN_BYTES = 1024 * 1024;

/** A progress bar on standard error if that is a terminal; otherwise nothing. */
export function createProgress({ stderr }: CommandContext): Progress {
  return {
    watch(file, size, chunks) {
      if (stderr.isTTY !== true || size === undefined || size < MIN_BYTES) return chunks;
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
