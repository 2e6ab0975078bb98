import type { AccessKeys } from '../control-plane/access-keys/access-keys';
import { isAccountId, isRegion, type AccountId, type Region } from '../proton/identifiers';
import { readAuthorization } from '../sigv4/authorization-header';
import type { SignatureError, SignatureFlaw } from '../sigv4/signature-error';
import { readSignature } from '../sigv4/verify-signature';
import { AwsError, type AwsErrorName } from './aws-error';
import type { AwsRequest } from './messages';

/** The account that a request acts as, and the Region that its signature is scoped to. */
export interface Caller {
  readonly accountId: AccountId;
  readonly region: Region;
  /** The id of the access key; the account id if access keys are not verified. */
  readonly accessKeyId: string;
}

/** Identifies the caller of a request. Rejects with an `AwsError` or a `SignatureError`. */
export type Authenticate = (request: AwsRequest) => Promise<Caller>;

/** The credential scope of Proton's clients. */
const PROTON_SCOPE = { service: 'proton', isRegion };

export interface SignatureOptions {
  readonly accessKeys: Pick<AccessKeys, 'find'>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Verifies AWS Signature Version 4. The caller acts as the account of its access key. */
export function verifySignature({ accessKeys, now = Date.now }: SignatureOptions): Authenticate {
  const rules = {
    ...PROTON_SCOPE,
    // Otherwise a captured request could be sent again as another operation.
    signedAlways: ['x-amz-target'],
    signedIfSent: [],
    find: accessKeys.find,
    now,
  };
  return async ({ body, method, headers }) => {
    // The request line has been checked: the path is `/`.
    const signature = readSignature({ method, url: '/', headers }, rules);
    const { accountId } = await signature.verify(body);
    return { accountId, region: signature.region, accessKeyId: signature.accessKeyId };
  };
}

/**
 * Trusts the access key id as the account id; no signature is verified. For local use: the server must listen on loopback only.
 */
export function trustAccessKeyId(): Authenticate {
  // eslint-disable-next-line @typescript-eslint/require-await -- async, so that a thrown error becomes a rejection
  return async ({ headers }) => {
    // A web page can reach loopback under a host name that it controls (DNS rebinding). AWS clients never send Origin.
    if (headers.has('origin')) {
      throw new AwsError('AccessDeniedException', 'Requests from web pages are not taken.');
    }
    const { accessKeyId, region } = readAuthorization(headers, PROTON_SCOPE);
    if (!isAccountId(accessKeyId)) {
      throw new AwsError(
        'UnrecognizedClientException',
        'The security token included in the request is invalid: this endpoint takes the 12 digits of an account as the access key id.',
      );
    }
    return { accountId: accessKeyId, region, accessKeyId };
  };
}

const NAME_OF_FLAW: Readonly<Record<SignatureFlaw, AwsErrorName>> = {
  missing: 'MissingAuthenticationTokenException',
  incomplete: 'IncompleteSignatureException',
  expired: 'RequestExpired',
  'unknown-key': 'UnrecognizedClientException',
  invalid: 'InvalidSignatureException',
};

/** Maps a signature error to the exception that AWS services return for it. */
export function awsErrorOfSignature({ flaw, message }: SignatureError): AwsError {
  return new AwsError(NAME_OF_FLAW[flaw], message);
}
