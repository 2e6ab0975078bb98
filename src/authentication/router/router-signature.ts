import { isRegion } from '../../proton/identifiers';
import { headerFields } from '../../sigv4/headers';
import { SignatureRefusal } from '../../sigv4/signature-refusal';
import { readSignature, type SigningKey } from '../../sigv4/verify-signature';
import { AuthenticationRefusal } from '../headers';
import type { RouterProof } from './router-proof';

const SERVICE = 'proton-subgraph';

/** Where the signature takes the place of the person's token, the token moves to this header. */
const TOKEN_HEADER = 'x-forwarded-authorization';

export interface RouterSignatureParts {
  /** The keys that routers sign with; any other key is for the Proton endpoint alone. */
  readonly accessKeyIds: readonly string[];
  /** The key of this id; undefined where there is none that is good. */
  readonly findKey: (accessKeyId: string) => Promise<SigningKey | undefined>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A router proves itself by signing each request with AWS's signature of version 4, the person's token included. */
export function routerSignatureProof({ accessKeyIds, findKey, now }: RouterSignatureParts): RouterProof {
  const routers = new Set(accessKeyIds);
  const rules = {
    service: SERVICE,
    isRegion,
    signedAlways: [],
    // Else whoever gets hold of a signed request could put another person's token into it.
    signedWhereSent: [TOKEN_HEADER],
    find: findKey,
    now,
  };
  return {
    challenge: `AWS4-HMAC-SHA256 service="${SERVICE}"`,
    tokenHeader: TOKEN_HEADER,
    judge({ method, url, rawHeaders }) {
      const signature = refusing(() =>
        readSignature({ method, url, headers: headerFields(rawHeaders) }, rules),
      );
      if (!routers.has(signature.accessKeyId)) {
        throw new AuthenticationRefusal('the access key is not one of ROUTER_ACCESS_KEY_IDS');
      }
      return async (body) => {
        await signature.verify(body).catch((error: unknown) => {
          throw asRefusal(error);
        });
      };
    },
  };
}

function refusing<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw asRefusal(error);
  }
}

function asRefusal(error: unknown): unknown {
  return error instanceof SignatureRefusal
    ? new AuthenticationRefusal(`the signature was refused: ${error.message}`, { cause: error })
    : error;
}
