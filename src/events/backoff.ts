/** The shortest and the longest pause, in milliseconds. */
export interface PauseSettings {
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

/**
 * A random pause between the shortest one and one that doubles with each failure, so that events that failed together are not all sent
 * again at the same time.
 * @param failures 1 or more
 * @returns milliseconds
 */
export function pauseBefore(failures: number, { retryMinMs, retryMaxMs }: PauseSettings): number {
  const longest = Math.min(retryMaxMs, retryMinMs * 2 ** failures);
  return retryMinMs + Math.random() * (longest - retryMinMs);
}
