import type { EpochMilliseconds } from '../../proton/connection';

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))? ?(?:([Zz])|([+-])(\d{2}):?(\d{2})?)$/;
const MIN_TIME = Date.UTC(1970, 0, 1);
const MAX_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

export const TIMESTAMP_RULE =
  'must be a time with an offset from UTC, as in 2024-03-04T17:41:02.481+01:00, or the seconds since 1970';

/**
 * Reads a time as the aws CLI prints it: ISO 8601 with any offset and fraction (version 2), or epoch seconds with a fraction
 * (version 1). Cuts off fractions of a millisecond. Undefined for anything else.
 */
export function parseTimestamp(value: unknown): EpochMilliseconds | undefined {
  const at =
    typeof value === 'number' ? fromSeconds(value) : typeof value === 'string' ? fromIso(value) : undefined;
  return at !== undefined && at >= MIN_TIME && at <= MAX_TIME ? at : undefined;
}

function fromSeconds(seconds: number): EpochMilliseconds {
  // Round to microseconds first: 1669158770.123 * 1000 is slightly less than a whole number.
  return Math.floor(Math.round(seconds * 1e6) / 1e3);
}

function fromIso(text: string): EpochMilliseconds | undefined {
  const match = ISO.exec(text);
  if (!match) return undefined;
  const part = (index: number) => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const [offsetHours, offsetMinutes] = [part(10), part(11)];
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) return undefined;
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  // Reject a day that the month does not have: the Date has moved to another month.
  if (local.getUTCMonth() !== month - 1 || local.getUTCDate() !== day) return undefined;
  local.setUTCHours(hour, minute, second, milliseconds);
  const offset = (offsetHours * 60 + offsetMinutes) * 60_000;
  return local.getTime() - (match[9] === '-' ? -offset : offset);
}
