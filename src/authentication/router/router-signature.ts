import { isRegion } from '../../proton/identifiers';
import { headerFields } from '../../sigv4/headers';
import { SignatureError } from '../../sigv4/signature-error';
import { readSignature, type SigningKey } from '../../sigv4/verify-signature';
import { AuthenticationError } from '../headers';
import type { RouterProof } from './router-proof';

const SERVICE = 'proton-subgraph';

/** The signature occupies `authorization`, so the user's token moves to this header. */
const TOKEN_HEADER = 'x-forwarded-authorization';

export interface RouterSignatureOptions {
  /** The ids of the keys that routers sign with. Any other key is valid for the AWS API only. */
  readonly accessKeyIds: readonly string[];
  /** The key with this id; undefined if it does not exist or is revoked. */
  readonly findKey: (accessKeyId: string) => Promise<SigningKey | undefined>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The router signs each request with AWS Signature Version 4, including the user's token. */
export function routerSignatureProof({ accessKeyIds, findKey, now }: RouterSignatureOptions): RouterProof {
  const routers = new Set(accessKeyIds);
  const rules = {
    service: SERVICE,
    isRegion,
    signedAlways: [],
    // Otherwise an attacker who captures a signed request could swap in another user's token.
    signedIfSent: [TOKEN_HEADER],
    find: findKey,
    now,
  };
  return {
    challenge: `AWS4-HMAC-SHA256 service="${SERVICE}"`,
    tokenHeader: TOKEN_HEADER,
    verify({ method, url, rawHeaders }) {
      const signature = withAuthenticationError(() =>
        readSignature({ method, url, headers: headerFields(rawHeaders) }, rules),
      );
      if (!routers.has(signature.accessKeyId)) {
        throw new AuthenticationError('the access key is not one of ROUTER_ACCESS_KEY_IDS');
      }
      return async (body) => {
        await signature.verify(body).catch((error: unknown) => {
          throw authenticationErrorOf(error);
        });
      };
    },
  };
}

function withAuthenticationError<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw authenticationErrorOf(error);
  }
}

/** Leaves any error but a `SignatureError` as it is: it is a fault of the server. */
function authenticationErrorOf(error: unknown): unknown {
  return error instanceof SignatureError
    ? new AuthenticationError(`the signature is invalid: ${error.message}`, { cause: error })
    : error;
}
