import type { KeyObject } from 'node:crypto';

import type { CryptoKey } from 'jose';

/** The algorithms that tokens may be signed with: each takes a public key to verify, and no issuer needs another. */
export const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** The algorithm that tokens and keys name so. EdDSA has a second name, by its curve: RFC 9864. */
export function algorithmNamed(name: unknown): Algorithm | undefined {
  return name === ED25519 ? 'EdDSA' : ALGORITHMS.find((known) => known === name);
}

/** The names of an algorithm. */
export function namesOf(algorithm: Algorithm): string[] {
  return algorithm === 'EdDSA' ? [algorithm, ED25519] : [algorithm];
}

const ED25519 = 'Ed25519';

/** What a token's header says of the key that it was signed with. */
export interface KeyHint {
  readonly alg: Algorithm;
  readonly kid?: string;
}

/** A public key, as Node reads it from a file or as jose imports it from a key set. */
export type VerificationKey = KeyObject | CryptoKey;

/** The keys that tokens are verified with. */
export interface VerificationKeys {
  /** Whether there are any. */
  readonly ready: () => boolean;
  /** How long whoever comes while there are none should wait, in milliseconds. */
  readonly retryMs: number;
  /**
   * The keys that a token may have been signed with.
   * @throws KeysAwaited where it takes asking the issuer, and enough others wait for that
   */
  readonly candidates: (hint: KeyHint) => Promise<readonly VerificationKey[]>;
  /** Looks for keys, once before this resolves, and then from time to time. */
  readonly start: () => Promise<void>;
  readonly stop: () => void;
}

/** Too many wait already to hear whether a key is one of the issuer's. */
export class KeysAwaited extends Error {
  override readonly name = 'KeysAwaited';
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

/** One key that never changes. It has no id, so a token may name any. */
export function keyOfFile(key: KeyObject): VerificationKeys {
  const algorithms = algorithmsOf(key);
  return {
    ready: () => true,
    retryMs: 0,
    candidates: ({ alg }) => Promise.resolve(algorithms.includes(alg) ? [key] : []),
    start: () => Promise.resolve(),
    stop: () => undefined,
  };
}
