import { SingleBar } from 'cli-progress';

import type { OutputStream } from './command';

/** A bar that counts bytes. Pass the `name` that it shows to `start`. */
export function progressBar(stream: OutputStream, total: number): SingleBar {
  return new SingleBar({
    stream,
    format: `{name} [{bar}] {percentage}% of ${megabytes(total)} | {duration_formatted}`,
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
