import { readSignature } from '../sigv4/verify-signature';
import type { AccessKeys } from '../control-plane/access-keys/access-keys';
import type { Authenticate } from './caller';
import { PROTON_SCOPE } from './signing-rules';

export interface SignatureParts {
  readonly accessKeys: Pick<AccessKeys, 'find'>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Verifies signatures of version 4 against access keys: a caller acts as the account of the key. */
export function verifySignature({ accessKeys, now = Date.now }: SignatureParts): Authenticate {
  const rules = {
    ...PROTON_SCOPE,
    // A request could else be sent as another operation.
    signedAlways: ['x-amz-target'],
    signedWhereSent: [],
    find: accessKeys.find,
    now,
  };
  return async ({ body, method, headers }) => {
    // Nothing but `/` is let through to here, in whichever form it was written.
    const signature = readSignature({ method, url: '/', headers }, rules);
    const { accountId } = await signature.verify(body);
    return { accountId, region: signature.region, accessKeyId: signature.accessKeyId };
  };
}
