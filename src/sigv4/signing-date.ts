import type { Authorization } from './authorization-header';
import { onlyValue, type HeaderFields } from './headers';
import { SignatureRefusal } from './signature-refusal';

/** How far a caller's clock may be off, either way. */
const MOST_SKEW_MS = 15 * 60 * 1000;

const DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** The instant at which a caller says to have signed. */
export interface SigningDate {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** As it was signed, as in `20261122T093000Z`. */
  readonly written: string;
}

/** @throws SignatureRefusal for what is no date, or not the day in the scope */
export function readSigningDate(headers: HeaderFields, { day }: Pick<Authorization, 'day'>): SigningDate {
  const written = onlyValue(headers, 'x-amz-date') ?? '';
  const date = new Date(DATE.test(written) ? written.replace(DATE, '$1-$2-$3T$4:$5:$6.000Z') : NaN);
  // What is no day of the calendar is read as one of the next month.
  if (Number.isNaN(date.getTime()) || basicFormat(date) !== written) {
    throw new SignatureRefusal(
      'incomplete',
      'The request must have one X-Amz-Date header, as in 20261122T093000Z.',
    );
  }
  if (day !== written.slice(0, 8)) {
    throw new SignatureRefusal(
      'invalid',
      `The date in the Credential must be the day of X-Amz-Date: ${written.slice(0, 8)}.`,
    );
  }
  return { at: date.getTime(), written };
}

/**
 * SDKs that get this set their clock by the answer's Date, and try again.
 * @throws SignatureRefusal
 */
export function checkSkew({ at }: SigningDate, now: number): void {
  if (Math.abs(now - at) > MOST_SKEW_MS) {
    throw new SignatureRefusal(
      'expired',
      `The request was signed at ${new Date(at).toISOString()}, more than 15 minutes from the server's time, ${new Date(now).toISOString()}. Check your clock.`,
    );
  }
}

function basicFormat(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d{3}/g, '');
}
