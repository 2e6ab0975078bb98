/** The longest time that a timer of Node can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Calls back once, when a token expires.
 * @param expiresAt milliseconds since the epoch; undefined for never
 * @returns a function that cancels it
 */
export function atExpiry(expiresAt: number | undefined, expired: () => void): () => void {
  if (expiresAt === undefined) return () => undefined;
  let timer: NodeJS.Timeout;
  function wait(until: number): void {
    const leftMs = Math.max(0, until - Date.now());
    timer = setTimeout(
      () => {
        if (Date.now() >= until) expired();
        else wait(until);
      },
      Math.min(leftMs, MAX_TIMER_MS),
    );
  }
  wait(expiresAt);
  return () => {
    clearTimeout(timer);
  };
}
