const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const FULL = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY_S = 24 * HOUR;
const UNITS = [
  ['day', DAY_S],
  ['hour', HOUR],
  ['minute', MINUTE],
] as const;

/** How long ago an instant was, as in "3 hours ago". @param at RFC 3339 @param now in ms since 1970 */
export function ago(at: string, now: number): string {
  const seconds = (Date.parse(at) - now) / 1000;
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.trunc(seconds / size), unit);
  }
  return 'just now';
}

/** How long something has waited, as in "waiting 3 h 12 min"; "just now" in the first minute. @param since RFC 3339 @param now in ms since 1970 */
export function waiting(since: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(since)) / 1000);
  return seconds < MINUTE ? 'just now' : `waiting ${duration(seconds)}`;
}

/** An instant in full, in UTC. @param at RFC 3339 */
export function inFull(at: string): string {
  return `${FULL.format(new Date(at))} UTC`;
}

/** The day of an instant in UTC, as in "30 Nov". @param at RFC 3339 */
export function dayOf(at: string): string {
  return DAY.format(new Date(at));
}

/** A length of time in its two largest units, as in "3 h 12 min". */
export function duration(seconds: number): string {
  if (seconds < MINUTE) return `${String(seconds)} s`;
  if (seconds < HOUR) return `${String(Math.floor(seconds / MINUTE))} min`;
  if (seconds < DAY_S) {
    return `${String(Math.floor(seconds / HOUR))} h ${String(Math.floor((seconds % HOUR) / MINUTE))} min`;
  }
  return `${String(Math.floor(seconds / DAY_S))} d ${String(Math.floor((seconds % DAY_S) / HOUR))} h`;
}
