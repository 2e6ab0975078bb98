import type { KeyObject } from 'node:crypto';

import type { Variables } from './environment';

/** The key that conflicts between variables have been seen to need. */
export function encryptionKeyOf({ ACCESS_KEY_ENCRYPTION_KEY: key }: Variables): KeyObject {
  if (key === undefined) throw new Error('the missing encryption key has been passed over');
  return key;
}
