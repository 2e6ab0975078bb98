import type { KeyObject } from 'node:crypto';

import { algorithmsOf, type VerificationKeys } from './verification-keys';

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
