import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import { readAuthorization, type ExpectedScope } from './authorization-header';
import { signatureOf } from './canonical-request';
import { onlyValue, type HeaderFields, signedHeadersOf } from './headers';
import { SignatureRefusal } from './signature-refusal';
import { checkSkew, readSigningDate } from './signing-date';

/** A request but for its body, as it came over the wire. */
export interface SignedRequest {
  readonly method: string;
  /** The path and the query string. */
  readonly url: string;
  readonly headers: HeaderFields;
}

/** What is expected of signatures, and the keys that they are made with. */
export interface SignatureRules<Region extends string, Key extends SigningKey> extends ExpectedScope<Region> {
  /** Headers that must be signed always, beside the host and the date. */
  readonly signedAlways: readonly string[];
  /** Headers that must be signed where they are sent, beside the hash of the body. */
  readonly signedWhereSent: readonly string[];
  /** The key of this id; undefined where there is none that is good. */
  readonly find: (accessKeyId: string) => Promise<Key | undefined>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface SigningKey {
  readonly secretAccessKey: string;
}

/** A signature whose every part is as it must be, as far as that can be told without the body. */
export interface ReadSignature<Region extends string, Key> {
  readonly accessKeyId: string;
  readonly region: Region;
  /**
   * Makes the signature again, with the secret that its maker must have, and compares.
   * @returns the key that it was made with
   * @throws SignatureRefusal
   */
  readonly verify: (body: Buffer) => Promise<Key>;
}

/** For keys that there are not, so that no time is saved on signing for them. What a store takes to look is not evened out. */
const NOBODYS_SECRET = randomBytes(30).toString('base64');

const ALWAYS = ['host', 'x-amz-date'];
const WHERE_SENT = ['x-amz-content-sha256'];

/**
 * Reads a signature of version 4.
 * @throws SignatureRefusal
 */
export function readSignature<Region extends string, Key extends SigningKey>(
  { method, url, headers }: SignedRequest,
  rules: SignatureRules<Region, Key>,
): ReadSignature<Region, Key> {
  const authorization = readAuthorization(headers, rules);
  const { accessKeyId, day, region } = authorization;
  // Keys that are issued here are lasting ones; temporary ones come with a token.
  if (headers.has('x-amz-security-token')) throw unrecognized(NO_TOKENS);
  const date = readSigningDate(headers, authorization);
  const fields = signedHeadersOf(headers, authorization.signedHeaders, {
    always: [...ALWAYS, ...rules.signedAlways],
    whereSent: [...WHERE_SENT, ...rules.signedWhereSent],
  });
  checkSkew(date, rules.now());

  return {
    accessKeyId,
    region,
    async verify(body) {
      checkBodyHash(headers, body);
      const key = await rules.find(accessKeyId);
      const expected = signatureOf({
        method,
        url,
        fields,
        body,
        date: date.written,
        scope: { day, region, service: rules.service },
        secretAccessKey: key?.secretAccessKey ?? NOBODYS_SECRET,
      });
      const matches = equalsInConstantTime(authorization.signature, expected);
      if (!key) throw unrecognized();
      if (!matches) throw new SignatureRefusal('invalid', MISMATCH);
      return key;
    },
  };
}

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.';

const NO_TOKENS = "This endpoint's keys have no session tokens: unset AWS_SESSION_TOKEN.";

/** AWS's own words, for an unknown key, a revoked one and a token alike. */
function unrecognized(...advice: readonly string[]): SignatureRefusal {
  const sentence = 'The security token included in the request is invalid.';
  return new SignatureRefusal('unknown-key', [sentence, ...advice].join(' '));
}

/** Whoever sends a hash of the body signs it, and it must be right: a body that nobody vouched for is not taken. */
function checkBodyHash(headers: HeaderFields, body: Buffer): void {
  const sent = onlyValue(headers, 'x-amz-content-sha256');
  if (sent !== undefined && sent !== createHash('sha256').update(body).digest('hex')) {
    throw new SignatureRefusal(
      'invalid',
      'The X-Amz-Content-SHA256 header is not the hash of the body that arrived.',
    );
  }
}

function equalsInConstantTime(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
