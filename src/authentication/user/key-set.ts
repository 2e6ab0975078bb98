import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

import { algorithmNamed, algorithmsOf } from './verification-keys';

/**
 * Reduces an issuer's JWK Set (RFC 7517) to the public keys that verify tokens. Issuers publish other keys beside them, and some
 * are malformed; every key is checked here, once, so that none of them fails later when a token names it.
 * @param document the parsed response of the issuer
 * @returns a JWK Set whose keys have only the members that jose needs
 * @throws Error if there is no such key
 */
export function usableKeys(document: unknown): { readonly keys: readonly object[] } {
  const keys = listedKeys(document)
    .map(usableKey)
    .filter((key) => key !== undefined);
  if (keys.length === 0) throw new Error('the JWK Set has no public key that can verify tokens');
  return { keys };
}

function listedKeys(document: unknown): readonly unknown[] {
  const keys =
    typeof document === 'object' && document !== null && 'keys' in document ? document.keys : undefined;
  if (!Array.isArray(keys)) throw new Error('the response is not a JWK Set: it has no list of keys');
  return keys;
}

/** Undefined unless it is a public signature key of an accepted kind and strength. */
function usableKey(listed: unknown): object | undefined {
  if (typeof listed !== 'object' || listed === null || 'd' in listed) return undefined;
  const { use, alg, kid, key_ops: uses } = listed as Readonly<Record<string, unknown>>;
  if (use !== undefined && use !== 'sig') return undefined;
  if (uses !== undefined && !(Array.isArray(uses) && uses.includes('verify'))) return undefined;
  if (kid !== undefined && typeof kid !== 'string') return undefined;
  let key: KeyObject;
  try {
    key = createPublicKey({ key: listed as JsonWebKey, format: 'jwk' });
  } catch {
    return undefined;
  }
  const possible = algorithmsOf(key);
  const declared = possible.filter((each) => alg === undefined || each === algorithmNamed(alg));
  if (declared.length === 0) return undefined;
  // `alg` is left out where the kind of key implies it, because EdDSA has two names.
  return { ...key.export({ format: 'jwk' }), kid, alg: possible.length > 1 ? alg : undefined };
}
