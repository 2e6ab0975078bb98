import { basename } from 'node:path';

import { SingleBar } from 'cli-progress';

import type { CommandContext, OutputStream } from './command';
import { printable } from './terminal';

/**
 * Pass the `name` that it shows to `start`.
 * @param of what `total` is, as text
 */
export function progressBar(stream: OutputStream, total: number, of = megabytes(total)): SingleBar {
  return new SingleBar({
    stream,
    format: `{name} [{bar}] {percentage}% of ${of} | {duration_formatted}`,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    clearOnComplete: true,
    // Ctrl-C may end the process at any moment, and must not leave the cursor hidden or line wrap turned off.
    hideCursor: false,
    linewrap: true,
  });
}

/**
 * Shows the progress of a copy, and then that it is being checked. Shows nothing if the stream is not a terminal.
 * @param name of the file that is copied
 */
export function copyProgress(stream: OutputStream, name: string) {
  let bar: SingleBar | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    update(done: number, total: number) {
      if (stream.isTTY !== true) return;
      if (!bar) {
        bar = progressBar(stream, total);
        bar.start(total, 0, { name: `copying ${name}` });
      }
      bar.update(done);
      if (done < total) return;
      // Draw now, because the check of the copy blocks the event loop.
      bar.update(done, { name: `checking ${name}` });
      bar.render();
    },
    stop,
  };
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

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
