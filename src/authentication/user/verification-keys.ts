import type { KeyObject } from 'node:crypto';

import type { CryptoKey } from 'jose';

/** The accepted algorithms. All verify with a public key, and cover what issuers use. */
export const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** The algorithm with this name in a token or a JWK. EdDSA has a second name, after its curve: RFC 9864. */
export function algorithmNamed(name: unknown): Algorithm | undefined {
  return name === ED25519 ? 'EdDSA' : ALGORITHMS.find((known) => known === name);
}

/** All names of an algorithm. */
export function algorithmNames(algorithm: Algorithm): string[] {
  return algorithm === 'EdDSA' ? [algorithm, ED25519] : [algorithm];
}

const ED25519 = 'Ed25519';

/** What the header of a token says about its key. */
export interface KeyHint {
  readonly alg: Algorithm;
  readonly kid?: string;
}

/** A public key, as Node reads it from a file or as jose imports it from a key set. */
export type VerificationKey = KeyObject | CryptoKey;

/** The keys that verify tokens. */
export interface VerificationKeys {
  /** Whether there are any keys yet. */
  readonly ready: () => boolean;
  /** When clients should try again while there are no keys, in milliseconds. */
  readonly retryMs: number;
  /**
   * The keys that may have signed a token. May fetch the issuer's keys.
   * @throws TooManyWaitingError
   */
  readonly candidates: (hint: KeyHint) => Promise<readonly VerificationKey[]>;
  /** Fetches the keys once before it resolves, then regularly until `stop`. Never rejects. */
  readonly start: () => Promise<void>;
  readonly stop: () => void;
}

/** Too many requests already wait for a fetch of the issuer's keys. The client should try again. */
export class TooManyWaitingError extends Error {
  override readonly name = 'TooManyWaitingError';
}

/** The algorithms that a public key can verify; empty for a kind or strength that is not accepted. */
export function algorithmsOf(key: KeyObject): readonly Algorithm[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= MIN_RSA_BITS) return ['RS256', 'PS256'];
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return ['ES256'];
  if (type === 'ed25519') return ['EdDSA'];
  return [];
}

/** RFC 7518, section 3.3. */
const MIN_RSA_BITS = 2_048;

/** One key that never changes, such as one from a file. It has no id, so a token may name any `kid`. */
export function singleKey(key: KeyObject): VerificationKeys {
  const algorithms = algorithmsOf(key);
  return {
    ready: () => true,
    retryMs: 0,
    candidates: ({ alg }) => Promise.resolve(algorithms.includes(alg) ? [key] : []),
    start: () => Promise.resolve(),
    stop: () => undefined,
  };
}
