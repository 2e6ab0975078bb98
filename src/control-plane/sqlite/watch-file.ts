import { WATCH_MS } from '../change-feed';
import type { DatabaseHandle } from './database-handle';

/**
 * Looks for commits of other processes every `WATCH_MS`.
 * @param current the handle in use; after it has been replaced, there may be changes that the one before did not see
 * @returns what ends it
 */
export function watchFile(
  current: () => Pick<DatabaseHandle, 'dataVersion'>,
  changed: () => void,
): () => void {
  let seen = look();

  /** Undefined while the file can't be read: reads and health checks find that out, and open it again. */
  function look() {
    const handle = current();
    try {
      return { handle, version: handle.dataVersion() };
    } catch {
      return undefined;
    }
  }

  const timer = setInterval(() => {
    const now = look();
    if (now?.handle !== seen?.handle || now?.version !== seen?.version) changed();
    seen = now;
  }, WATCH_MS);
  // It does not keep a process that has nothing else to do.
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
