import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';

import type { Viewer } from '../../proton/viewer';
import { AuthenticationError } from '../headers';
import { NO_PERMISSIONS, readAccountsClaim } from './accounts-claim';
import {
  algorithmNamed,
  algorithmNames,
  ALGORITHMS,
  type KeyHint,
  type VerificationKeys,
} from './verification-keys';

export interface TokenRules {
  /** The required `iss`. */
  readonly issuer: string;
  /** The required `aud`, or one of its values. */
  readonly audience: string;
  /** The name of the claim that lists the user's accounts. */
  readonly accountsClaim: string;
  /** How far the issuer's clock may be off, for `exp` and `nbf`. */
  readonly clockSkewMs: number;
}

export interface VerifiedToken {
  readonly viewer: Viewer;
  /** The state of the accounts claim. The viewer has permissions only if it was read. */
  readonly claim: 'read' | 'missing' | 'malformed';
}

/** The subject is written to the history and the log, so it has no control characters. OpenID Connect limits its length. */
const SUBJECT = /^[^\p{Cc}\p{Cs}]{1,255}$/u;

/**
 * Verifies a user's token, a signed JWT in compact form (RFC 7519), and reads the viewer from it.
 * @throws AuthenticationError if it is invalid; TooManyWaitingError
 */
export async function verifyToken(
  token: string,
  keys: VerificationKeys,
  rules: TokenRules,
): Promise<VerifiedToken> {
  const hint = keyHintOf(token);
  const candidates = await keys.candidates(hint);
  for (const key of candidates) {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: algorithmNames(hint.alg),
        issuer: rules.issuer,
        audience: rules.audience,
        clockTolerance: rules.clockSkewMs / 1_000,
        requiredClaims: ['exp', 'sub'],
      });
      return verifiedTokenOf(payload, rules.accountsClaim);
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) continue;
      throw authenticationErrorOf(error);
    }
  }
  throw new AuthenticationError(
    candidates.length === 0 ? 'the token names an unknown key' : 'the signature of the token is wrong',
  );
}

/** @throws AuthenticationError for an unsupported algorithm, or a critical extension, none of which is supported */
function keyHintOf(token: string): KeyHint {
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(token);
  } catch (error) {
    throw authenticationErrorOf(error);
  }
  if ('crit' in header) throw new AuthenticationError('the token has critical extensions');
  const alg = algorithmNamed(header.alg);
  if (alg === undefined) {
    throw new AuthenticationError(`the algorithm of the token is none of ${ALGORITHMS.join(', ')}`);
  }
  const { kid } = header;
  if (kid === undefined) return { alg };
  if (typeof kid !== 'string') throw new AuthenticationError('the kid of the token is not a string');
  return { alg, kid };
}

function verifiedTokenOf(payload: JWTPayload, accountsClaim: string): VerifiedToken {
  const { sub: subject } = payload;
  if (typeof subject !== 'string' || !SUBJECT.test(subject) || subject.trim() === '') {
    throw new AuthenticationError('the sub of the token is not a string of 1 to 255 printable characters');
  }
  const claim: unknown = Object.hasOwn(payload, accountsClaim) ? payload[accountsClaim] : undefined;
  const permissions = readAccountsClaim(claim);
  return {
    viewer: { subject, ...(permissions ?? NO_PERMISSIONS) },
    claim: permissions ? 'read' : claim === undefined ? 'missing' : 'malformed',
  };
}

/** jose throws other classes beside its own, so every error counts. Its messages name a claim, never its value. */
function authenticationErrorOf(error: unknown): AuthenticationError {
  const reason = error instanceof Error ? error.message : 'it cannot be read';
  return new AuthenticationError(`the token is invalid: ${reason}`, { cause: error });
}
