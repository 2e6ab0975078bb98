import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

import { algorithmNamed, algorithmsOf, type Algorithm, type KeyHint } from './verification-keys';

/** The keys of one answer of an issuer. */
export interface KeySet {
  readonly size: number;
  /** The keys that fit; none where the set has no such key. */
  readonly candidates: (hint: KeyHint) => readonly KeyObject[];
}

interface ListedKey {
  readonly key: KeyObject;
  readonly kid: string | undefined;
  readonly algorithms: readonly Algorithm[];
}

/**
 * Takes the keys from a JWK Set that tokens can be verified with. An issuer may publish others beside them, and odd ones: each is
 * judged here, once, so that none of them fails when a token comes that names it.
 * @throws Error where there are none
 */
export function readKeySet(document: unknown): KeySet {
  const keys = listedKeys(document)
    .map(readKey)
    .filter((key) => key !== undefined);
  if (keys.length === 0) throw new Error('it has no public key that tokens are verified with');
  return {
    size: keys.length,
    // An issuer that gives its keys no ids, or the same, has several that fit while it changes them.
    candidates: ({ alg, kid }) =>
      keys
        .filter((listed) => listed.algorithms.includes(alg) && (kid === undefined || kid === listed.kid))
        .map(({ key }) => key),
  };
}

function listedKeys(document: unknown): readonly unknown[] {
  const keys =
    typeof document === 'object' && document !== null && 'keys' in document ? document.keys : undefined;
  if (!Array.isArray(keys)) throw new Error('it is no JWK Set: it has no list of keys');
  return keys;
}

/** The key, if it is a public one, for verifying, of a kind and strength that is taken. */
function readKey(listed: unknown): ListedKey | undefined {
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
  const algorithms = algorithmsOf(key).filter((each) => alg === undefined || algorithmNamed(alg) === each);
  return algorithms.length > 0 ? { key, kid, algorithms } : undefined;
}
