import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';

import { type AccountId, isAccountId } from '../../proton/identifiers';
import { viewerWithoutPermissions, type Permission, type Viewer } from '../../proton/viewer';
import { AuthenticationError } from '../headers';
import {
  algorithmNamed,
  algorithmNames,
  ALGORITHMS,
  type KeyHint,
  type VerificationKeys,
} from './verification-keys';

/** The permissions of a viewer, without its subject. */
type Permissions = Pick<Viewer, 'onEveryAccount' | 'onAccounts'>;

/** The key in the claim that means every account. */
const EVERY_ACCOUNT = '*';

const PERMISSIONS = ['read', 'write', 'approve'] as const satisfies readonly Permission[];

/**
 * Reads the claim that lists a user's permissions, in one of two forms:
 * - permissions by account, as in `{"111111111111": ["read", "approve"], "*": ["read"]}`
 * - a list of accounts, or `["*"]`, which grants every permission on each of them
 * @returns undefined if any part is malformed: the malformed part may have been meant as a restriction
 */
export function readAccountsClaim(claim: unknown): Permissions | undefined {
  if (Array.isArray(claim)) return readAccountList(claim);
  if (typeof claim !== 'object' || claim === null) return undefined;
  let onEveryAccount: ReadonlySet<Permission> = new Set();
  const onAccounts = new Map<AccountId, ReadonlySet<Permission>>();
  for (const [account, listed] of Object.entries(claim)) {
    const granted = readPermissions(listed);
    if (granted === undefined) return undefined;
    if (account === EVERY_ACCOUNT) onEveryAccount = granted;
    else if (isAccountId(account)) onAccounts.set(account, granted);
    else return undefined;
  }
  return { onEveryAccount, onAccounts };
}

function readAccountList(accounts: readonly unknown[]): Permissions | undefined {
  const all: ReadonlySet<Permission> = new Set(PERMISSIONS);
  if (accounts.length === 1 && accounts[0] === EVERY_ACCOUNT) {
    return { onEveryAccount: all, onAccounts: new Map() };
  }
  const ids = accounts.filter((account) => typeof account === 'string' && isAccountId(account));
  if (ids.length < accounts.length) return undefined;
  return { onEveryAccount: new Set(), onAccounts: new Map(ids.map((id) => [id, all])) };
}

function readPermissions(listed: unknown): ReadonlySet<Permission> | undefined {
  if (!Array.isArray(listed)) return undefined;
  const granted = PERMISSIONS.filter((permission) => listed.includes(permission));
  return listed.every((name) => granted.some((permission) => permission === name))
    ? new Set(granted)
    : undefined;
}

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
  /** From when on the token is refused, in milliseconds since the epoch. */
  readonly expiresAt: number;
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
      return verifiedTokenOf(payload, rules);
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

function verifiedTokenOf(
  payload: JWTPayload,
  { accountsClaim, clockSkewMs }: Pick<TokenRules, 'accountsClaim' | 'clockSkewMs'>,
): VerifiedToken {
  const { sub: subject, exp = 0 } = payload;
  if (typeof subject !== 'string' || !SUBJECT.test(subject) || subject.trim() === '') {
    throw new AuthenticationError('the sub of the token is not a string of 1 to 255 printable characters');
  }
  const claim: unknown = Object.hasOwn(payload, accountsClaim) ? payload[accountsClaim] : undefined;
  const permissions = readAccountsClaim(claim);
  return {
    viewer: permissions ? { subject, ...permissions } : viewerWithoutPermissions(subject),
    expiresAt: exp * 1_000 + clockSkewMs,
    claim: permissions ? 'read' : claim === undefined ? 'missing' : 'malformed',
  };
}

/** jose throws other classes beside its own, so every error counts. Its messages name a claim, never its value. */
function authenticationErrorOf(error: unknown): AuthenticationError {
  const reason = error instanceof Error ? error.message : 'it cannot be read';
  return new AuthenticationError(`the token is invalid: ${reason}`, { cause: error });
}
