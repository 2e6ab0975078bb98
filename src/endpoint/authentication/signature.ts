import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import { Hash } from '@smithy/hash-node';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';

import type { AccessKeys } from '../access-keys/access-keys';
import { AwsError } from '../aws-error';
import { onlyValue, type EndpointRequest } from '../exchange';
import { readAuthorization, SIGNING_SERVICE, type Authorization } from './authorization-header';
import type { Authenticate } from './caller';
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
  // Signs for keys that there are not, so that they cost the same time as those that there are.
  const nobodysSecret = randomBytes(30).toString('base64');

  return async (request) => {
    const authorization = readAuthorization(request.headers);
    // Keys that are issued here are lasting ones; temporary ones come with a token.
    if (request.headers.has('x-amz-security-token')) throw unrecognized();
    const signedAt = readSigningDate(request, authorization);
    const headers = signedHeadersOf(request, authorization.signedHeaders);
    checkBodyHash(request);
    checkSkew(signedAt, now());

    const key = await accessKeys.find(authorization.accessKeyId);
    const secret = key?.secretAccessKey ?? nobodysSecret;
    const expected = await signatureOf(headers, request, authorization, signedAt, secret);
    const matches = equalsInConstantTime(authorization.signature, expected);
    if (!key || key.revoked) throw unrecognized();
    if (!matches) {
      throw new AwsError(
        'InvalidSignatureException',
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
      );
    }
    return { accountId: key.accountId, region: authorization.region };
  };
}

/** AWS's own words, for an unknown key, a revoked one and a token alike. */
function unrecognized(): AwsError {
  return new AwsError(
    'UnrecognizedClientException',
    'The security token included in the request is invalid.',
  );
}

function readSigningDate({ headers }: EndpointRequest, { day }: Authorization): Date {
  const written = onlyValue(headers, 'x-amz-date') ?? '';
  const iso = written.replace(/^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/, '$1-$2-$3T$4:$5:$6Z');
  const date = new Date(iso);
  if (iso === written || Number.isNaN(date.getTime())) {
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
  return date;
}

/** SDKs that get this set their clock by the answer's Date, and try again. */
function checkSkew(signedAt: Date, now: number): void {
  if (Math.abs(now - signedAt.getTime()) > MOST_SKEW_MS) {
    throw new AwsError(
      'RequestExpired',
      `The request was signed at ${signedAt.toISOString()}, more than 15 minutes from the server's time, ${new Date(now).toISOString()}. Check your clock.`,
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

async function signatureOf(
  headers: Readonly<Record<string, string>>,
  { method, body }: EndpointRequest,
  { accessKeyId, region }: Authorization,
  signingDate: Date,
  secretAccessKey: string,
): Promise<string> {
  const signer = new SignatureV4({
    service: SIGNING_SERVICE,
    region,
    credentials: { accessKeyId, secretAccessKey },
    sha256: Hash.bind(null, 'sha256'),
    applyChecksum: false,
  });
  // Some clients sign what others leave out, as user-agent: what counts is the request's own list.
  const signed = await signer.sign(new HttpRequest({ method, path: '/', headers, body }), {
    signingDate,
    signableHeaders: new Set(Object.keys(headers)),
  });
  return /Signature=([0-9a-f]{64})$/.exec(signed.headers['authorization'] ?? '')?.[1] ?? '';
}

function equalsInConstantTime(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
