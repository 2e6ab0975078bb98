import type { Authorization } from './authorization-header';
import { onlyValue, type HeaderFields } from './headers';
import { SignatureError } from './signature-error';

/** How far the clocks of client and server may differ, either way. */
const MAX_SKEW_MS = 15 * 60 * 1000;

const DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** The time at which the client signed, from `X-Amz-Date`. */
export interface SigningDate {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** As it was signed, as in `20261122T093000Z`. */
  readonly written: string;
}

/** @throws SignatureError if the header is not a date, or not on the day of the credential scope */
export function readSigningDate(headers: HeaderFields, { day }: Pick<Authorization, 'day'>): SigningDate {
  const written = onlyValue(headers, 'x-amz-date') ?? '';
  const date = new Date(DATE.test(written) ? written.replace(DATE, '$1-$2-$3T$4:$5:$6.000Z') : NaN);
  // Date reads 31 February as 3 March, so the result must format back to the input.
  if (Number.isNaN(date.getTime()) || basicFormat(date) !== written) {
    throw new SignatureError(
      'incomplete',
      'The request must have one X-Amz-Date header, as in 20261122T093000Z.',
    );
  }
  if (day !== written.slice(0, 8)) {
    throw new SignatureError(
      'invalid',
      `The date in the Credential must be the day of X-Amz-Date: ${written.slice(0, 8)}.`,
    );
  }
  return { at: date.getTime(), written };
}

/**
 * Checks the difference between the clocks. SDKs that receive this error adjust to the response's `Date` header and try again.
 * @param now milliseconds since the epoch
 * @throws SignatureError
 */
export function checkSkew({ at }: SigningDate, now: number): void {
  if (Math.abs(now - at) > MAX_SKEW_MS) {
    throw new SignatureError(
      'expired',
      `The request was signed at ${new Date(at).toISOString()}, more than 15 minutes from the server's time, ${new Date(now).toISOString()}. Check your clock.`,
    );
  }
}

function basicFormat(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d{3}/g, '');
}
