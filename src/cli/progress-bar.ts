import { SingleBar } from 'cli-progress';

import type { OutputStream } from './command';

/** A bar that counts bytes; start it with the `name` that it shows. */
export function progressBar(stream: OutputStream, total: number): SingleBar {
  return new SingleBar({
    stream,
    format: `{name} [{bar}] {percentage}% of ${megabytes(total)} | {duration_formatted}`,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    clearOnComplete: true,
    // The terminal is left as it is, so that Ctrl-C can end the process at any moment.
    hideCursor: false,
    linewrap: true,
  });
}

/**
 * Shows on a terminal how far a copy has come, and then that it is checked; elsewhere nothing.
 * @param name what is copied
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
      // A check reads all of the copy without yielding, so this is drawn before it begins.
      bar.update(done, { name: `checking ${name}` });
      bar.render();
    },
    stop,
  };
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
