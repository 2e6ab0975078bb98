import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';

import type { Viewer } from '../../proton/viewer';
import { AuthenticationRefusal } from '../headers';
import { NO_PERMISSIONS, readAccountsClaim } from './accounts-claim';
import {
  algorithmNamed,
  ALGORITHMS,
  namesOf,
  type KeyHint,
  type VerificationKeys,
} from './verification-keys';

export interface TokenRules {
  readonly issuer: string;
  readonly audience: string;
  readonly accountsClaim: string;
  readonly clockSkewMs: number;
}

/** Who a token speaks of. */
export interface Person {
  readonly viewer: Viewer;
  /** What its claim about accounts was found to be. Unless it was read, the viewer has no permission. */
  readonly claim: 'read' | 'missing' | 'malformed';
}

/** What can stand in a history and in a log. The length is the one that OpenID Connect allows. */
const SUBJECT = /^[^\p{Cc}\p{Cs}]{1,255}$/u;

/**
 * Verifies a person's token, a JWT in compact form.
 * @throws AuthenticationRefusal, KeysAwaited
 */
export async function verifyToken(token: string, keys: VerificationKeys, rules: TokenRules): Promise<Person> {
  const hint = keyHintOf(token);
  const candidates = await keys.candidates(hint);
  for (const key of candidates) {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: namesOf(hint.alg),
        issuer: rules.issuer,
        audience: rules.audience,
        clockTolerance: rules.clockSkewMs / 1_000,
        requiredClaims: ['exp', 'sub'],
      });
      return personOf(payload, rules.accountsClaim);
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) continue;
      throw asRefusal(error);
    }
  }
  throw new AuthenticationRefusal(
    candidates.length === 0 ? 'the token names no key that is known' : 'the signature of the token is wrong',
  );
}

/** Whatever makes a token special is refused: nothing here would know what was meant by it. */
function keyHintOf(token: string): KeyHint {
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(token);
  } catch (error) {
    throw asRefusal(error);
  }
  if ('crit' in header) throw new AuthenticationRefusal('the token has critical extensions');
  const alg = algorithmNamed(header.alg);
  if (alg === undefined) {
    throw new AuthenticationRefusal(`the token is signed with none of ${ALGORITHMS.join(', ')}`);
  }
  const { kid } = header;
  if (kid === undefined) return { alg };
  if (typeof kid !== 'string') throw new AuthenticationRefusal("the token's kid is no text");
  return { alg, kid };
}

function personOf(payload: JWTPayload, accountsClaim: string): Person {
  const { sub: subject } = payload;
  if (typeof subject !== 'string' || !SUBJECT.test(subject) || subject.trim() === '') {
    throw new AuthenticationRefusal('the subject of the token is no text of 1 to 255 characters');
  }
  const claim: unknown = Object.hasOwn(payload, accountsClaim) ? payload[accountsClaim] : undefined;
  const permissions = readAccountsClaim(claim);
  return {
    viewer: { subject, ...(permissions ?? NO_PERMISSIONS) },
    claim: permissions ? 'read' : claim === undefined ? 'missing' : 'malformed',
  };
}

/**
 * Whatever keeps a token from being verified refuses it; jose throws more than its own errors. Its messages name a claim or a part
 * of the token, never what is in it.
 */
function asRefusal(error: unknown): AuthenticationRefusal {
  const why = error instanceof Error ? error.message : 'it can not be read';
  return new AuthenticationRefusal(`the token was refused: ${why}`, { cause: error });
}
