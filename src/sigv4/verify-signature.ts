import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import { readAuthorization, type ExpectedScope } from './authorization-header';
import { signatureOf } from './canonical-request';
import { onlyValue, type HeaderFields, signedHeadersOf } from './headers';
import { SignatureError } from './signature-error';
import { checkSkew, readSigningDate } from './signing-date';

/** A signed request without its body, as it was sent. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query string. */
  readonly url: string;
  readonly headers: HeaderFields;
}

/** The scope and headers that a signature must cover, and where its key is found. */
export interface SignatureRules<Region extends string, Key extends SigningKey> extends ExpectedScope<Region> {
  /** Headers that must always be signed, besides `host` and `x-amz-date`. */
  readonly signedAlways: readonly string[];
  /** Headers that must be signed if they are sent, besides `x-amz-content-sha256`. */
  readonly signedIfSent: readonly string[];
  /** The key with this id; undefined if it does not exist or is revoked. */
  readonly find: (accessKeyId: string) => Promise<Key | undefined>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface SigningKey {
  readonly secretAccessKey: string;
}

/** A signature that passed every check that does not need the body or the key. */
export interface ReadSignature<Region extends string, Key> {
  readonly accessKeyId: string;
  readonly region: Region;
  /**
   * Computes the signature with the key's secret and compares.
   * @returns the key
   * @throws SignatureError
   */
  readonly verify: (body: Buffer) => Promise<Key>;
}

/**
 * Signs in place of an unknown key, so that the response time does not reveal that it is unknown. The time of the lookup itself is
 * not hidden.
 */
const DUMMY_SECRET = randomBytes(30).toString('base64');

const ALWAYS = ['host', 'x-amz-date'];
const IF_SENT = ['x-amz-content-sha256'];

/**
 * Reads and checks an AWS Signature Version 4 from the Authorization header, as far as that is possible without the body.
 * @throws SignatureError
 */
export function readSignature<Region extends string, Key extends SigningKey>(
  { method, url, headers }: SignedRequest,
  rules: SignatureRules<Region, Key>,
): ReadSignature<Region, Key> {
  const authorization = readAuthorization(headers, rules);
  const { accessKeyId, day, region } = authorization;
  // Only temporary credentials have a session token, and this server issues none.
  if (headers.has('x-amz-security-token')) throw unknownKey(NO_TOKENS);
  const date = readSigningDate(headers, authorization);
  const fields = signedHeadersOf(headers, authorization.signedHeaders, {
    always: [...ALWAYS, ...rules.signedAlways],
    ifSent: [...IF_SENT, ...rules.signedIfSent],
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
        secretAccessKey: key?.secretAccessKey ?? DUMMY_SECRET,
      });
      const matches = equalsInConstantTime(authorization.signature, expected);
      if (!key) throw unknownKey();
      if (!matches) throw new SignatureError('invalid', MISMATCH);
      return key;
    },
  };
}

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.';

const NO_TOKENS = "This endpoint's keys have no session tokens: unset AWS_SESSION_TOKEN.";

/** AWS's own message. It is the same for an unknown and a revoked key, and for a session token. */
function unknownKey(...advice: readonly string[]): SignatureError {
  const sentence = 'The security token included in the request is invalid.';
  return new SignatureError('unknown-key', [sentence, ...advice].join(' '));
}

/** A client may send the hash of the body. It must then be correct: `UNSIGNED-PAYLOAD` is not accepted. */
function checkBodyHash(headers: HeaderFields, body: Buffer): void {
  const sent = onlyValue(headers, 'x-amz-content-sha256');
  if (sent !== undefined && sent !== createHash('sha256').update(body).digest('hex')) {
    throw new SignatureError(
      'invalid',
      'The X-Amz-Content-SHA256 header is not the hash of the body that arrived.',
    );
  }
}

function equalsInConstantTime(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
