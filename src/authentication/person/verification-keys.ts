import type { KeyObject } from 'node:crypto';

import type { CryptoKey } from 'jose';

/** The algorithms that tokens may be signed with: each takes a public key to verify, and no issuer needs another. */
export const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** What a token's header says of the key that it was signed with. */
export interface KeyHint {
  readonly alg: Algorithm;
  readonly kid: string | undefined;
}

/** The keys that tokens are verified with. */
export interface VerificationKeys {
  /** Whether there are any. */
  readonly ready: () => boolean;
  /** How long whoever comes while there are none should wait, in milliseconds. */
  readonly retryMs: number;
  /** The keys that a token may have been signed with. */
  readonly candidates: (hint: KeyHint) => Promise<readonly (CryptoKey | KeyObject)[]>;
  /** Looks for keys, once before this resolves, and then from time to time. */
  readonly start: () => Promise<void>;
  readonly stop: () => void;
}

/** The algorithms that a public key is for, by its own kind. */
export function algorithmsOf(key: KeyObject): readonly Algorithm[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= LEAST_RSA_BITS) return ['RS256', 'PS256'];
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return ['ES256'];
  if (type === 'ed25519') return ['EdDSA'];
  return [];
}

/** RFC 7518, section 3.3. */
const LEAST_RSA_BITS = 2_048;
