import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

import { createLocalJWKSet, errors, type CryptoKey, type JWK } from 'jose';

import { algorithmsOf, type KeyHint } from './verification-keys';

/** The keys of one answer of an issuer. */
export interface KeySet {
  readonly size: number;
  /** The keys that fit; none where the set has no such key. */
  readonly candidates: (hint: KeyHint) => Promise<readonly CryptoKey[]>;
}

/**
 * Takes the keys from a JWK Set that tokens can be verified with. An issuer may publish others beside them.
 * @throws Error where there are none
 */
export function readKeySet(document: unknown): KeySet {
  const keys = listedKeys(document).filter(isUsable);
  if (keys.length === 0) throw new Error('it has no public key that tokens are verified with');
  const local = createLocalJWKSet({ keys });
  return {
    size: keys.length,
    async candidates({ alg, kid }) {
      try {
        return [await local({ alg, ...(kid === undefined ? {} : { kid }) })];
      } catch (error) {
        if (error instanceof errors.JWKSNoMatchingKey) return [];
        // An issuer that gives its keys no ids, or the same, has several while it changes them.
        if (error instanceof errors.JWKSMultipleMatchingKeys) return await keysOf(error);
        throw error;
      }
    },
  };
}

async function keysOf(several: AsyncIterable<CryptoKey>): Promise<readonly CryptoKey[]> {
  const keys: CryptoKey[] = [];
  for await (const key of several) keys.push(key);
  return keys;
}

function listedKeys(document: unknown): readonly unknown[] {
  const keys =
    typeof document === 'object' && document !== null && 'keys' in document ? document.keys : undefined;
  if (!Array.isArray(keys)) throw new Error('it is no JWK Set: it has no list of keys');
  return keys;
}

/** Whether a key is a public one, for verifying, of a kind and strength that is taken. */
function isUsable(key: unknown): key is JWK {
  if (typeof key !== 'object' || key === null || 'd' in key) return false;
  const { use, alg, kid } = key as { use?: unknown; alg?: unknown; kid?: unknown };
  if (use !== undefined && use !== 'sig') return false;
  if (kid !== undefined && typeof kid !== 'string') return false;
  const algorithms: readonly string[] = algorithmsOfJwk(key);
  return (
    algorithms.length > 0 && (alg === undefined || (typeof alg === 'string' && algorithms.includes(alg)))
  );
}

function algorithmsOfJwk(key: object): readonly string[] {
  let read: KeyObject;
  try {
    read = createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
  } catch {
    return [];
  }
  return algorithmsOf(read);
}
