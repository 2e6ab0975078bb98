import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import type { AccessKeys } from '../access-keys/access-keys';
import { AwsError } from '../aws-error';
import { onlyValue, type EndpointRequest } from '../exchange';
import { readAuthorization, SIGNING_SERVICE, type Authorization } from './authorization-header';
import type { Authenticate } from './caller';
import { signatureOf } from './canonical-request';
import { signedHeadersOf } from './signed-headers';

/** How far a caller's clock may be off, either way. */
const MOST_SKEW_MS = 15 * 60 * 1000;

export interface SignatureParts {
  readonly accessKeys: Pick<AccessKeys, 'find'>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/**
 * Verifies signatures of version 4 against access keys. The signature is made again from what arrived, with the secret that the
 * caller must have, and compared.
 */
export function verifySignature({ accessKeys, now = Date.now }: SignatureParts): Authenticate {
  // For keys that there are not, so that no time is saved on signing for them. What the store takes to look is not evened out.
  const nobodysSecret = randomBytes(30).toString('base64');

  return async (request) => {
    const authorization = readAuthorization(request.headers);
    // Keys that are issued here are lasting ones; temporary ones come with a token.
    if (request.headers.has('x-amz-security-token')) throw unrecognized(NO_TOKENS);
    const date = readSigningDate(request, authorization);
    const fields = signedHeadersOf(request, authorization.signedHeaders);
    checkBodyHash(request);
    checkSkew(date.at, now());

    const key = await accessKeys.find(authorization.accessKeyId);
    const expected = signatureOf({
      method: request.method,
      fields,
      body: request.body,
      date: date.written,
      scope: { day: authorization.day, region: authorization.region, service: SIGNING_SERVICE },
      secretAccessKey: key?.secretAccessKey ?? nobodysSecret,
    });
    const matches = equalsInConstantTime(authorization.signature, expected);
    if (!key) throw unrecognized();
    if (!matches) {
      throw new AwsError(
        'InvalidSignatureException',
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
      );
    }
    return { accountId: key.accountId, region: authorization.region };
  };
}

const NO_TOKENS = "This endpoint's keys have no session tokens: unset AWS_SESSION_TOKEN.";

/** AWS's own words, for an unknown key, a revoked one and a token alike. */
function unrecognized(...advice: readonly string[]): AwsError {
  const sentence = 'The security token included in the request is invalid.';
  return new AwsError('UnrecognizedClientException', [sentence, ...advice].join(' '));
}

/** The instant at which a caller says to have signed. */
interface SigningDate {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** As it was signed, as in `20261122T093000Z`. */
  readonly written: string;
}

const DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

function readSigningDate({ headers }: EndpointRequest, { day }: Authorization): SigningDate {
  const written = onlyValue(headers, 'x-amz-date') ?? '';
  const date = new Date(DATE.test(written) ? written.replace(DATE, '$1-$2-$3T$4:$5:$6.000Z') : NaN);
  // What is no day of the calendar is read as one of the next month.
  if (Number.isNaN(date.getTime()) || basicFormat(date) !== written) {
    throw new AwsError(
      'IncompleteSignatureException',
      'The request must have one X-Amz-Date header, as in 20261122T093000Z.',
    );
  }
  if (day !== written.slice(0, 8)) {
    throw new AwsError(
      'InvalidSignatureException',
      `The date in the Credential must be the day of X-Amz-Date: ${written.slice(0, 8)}.`,
    );
  }
  return { at: date.getTime(), written };
}

function basicFormat(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** SDKs that get this set their clock by the answer's Date, and try again. */
function checkSkew(signedAt: number, now: number): void {
  if (Math.abs(now - signedAt) > MOST_SKEW_MS) {
    throw new AwsError(
      'RequestExpired',
      `The request was signed at ${new Date(signedAt).toISOString()}, more than 15 minutes from the server's time, ${new Date(now).toISOString()}. Check your clock.`,
    );
  }
}

/** Whoever sends a hash of the body signs it, and it must be right: a body that nobody vouched for is not taken. */
function checkBodyHash({ headers, body }: EndpointRequest): void {
  const sent = onlyValue(headers, 'x-amz-content-sha256');
  if (sent !== undefined && sent !== createHash('sha256').update(body).digest('hex')) {
    throw new AwsError(
      'InvalidSignatureException',
      'The X-Amz-Content-SHA256 header is not the hash of the body that arrived.',
    );
  }
}

function equalsInConstantTime(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
