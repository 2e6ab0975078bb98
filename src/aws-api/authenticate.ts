import type { AccessKeys } from '../control-plane/access-keys/access-keys';
import { isAccountId, isRegion, type AccountId, type Region } from '../proton/identifiers';
import { readAuthorization } from '../sigv4/authorization-header';
import type { SignatureFlaw, SignatureRefusal } from '../sigv4/signature-refusal';
import { readSignature } from '../sigv4/verify-signature';
import { AwsError, type AwsErrorName } from './aws-error';
import type { EndpointRequest } from './messages';

/** Who calls, and where: AWS credentials act as one account, and a signature is good in one Region. */
export interface Caller {
  readonly accountId: AccountId;
  readonly region: Region;
  /** Which of the account's keys it used; the account itself where callers are believed. */
  readonly accessKeyId: string;
}

/** Tells who sent a request. Rejects with an `AwsError` or a `SignatureRefusal` where that can't be told. */
export type Authenticate = (request: EndpointRequest) => Promise<Caller>;

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

/**
 * Believes callers: an access key id of 12 digits is the account that they act as, and nothing is verified. For local use, on an
 * address that only this machine reaches.
 */
export function believeNamedAccount(): Authenticate {
  // Asynchronous only for its signature's sake: what is thrown becomes a rejection.
  // eslint-disable-next-line @typescript-eslint/require-await
  return async ({ headers }) => {
    // A web page may reach this machine's own addresses, under a host name that it controls. AWS's clients never say Origin.
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

/** How AWS has Proton's callers sign. */
export const PROTON_SCOPE = { service: 'proton', isRegion };

const NAME_OF_FLAW: Readonly<Record<SignatureFlaw, AwsErrorName>> = {
  missing: 'MissingAuthenticationTokenException',
  incomplete: 'IncompleteSignatureException',
  expired: 'RequestExpired',
  'unknown-key': 'UnrecognizedClientException',
  invalid: 'InvalidSignatureException',
};

/** A signature that is not believed, by the name that AWS's services have for it. */
export function awsErrorOfRefusal({ flaw, message }: SignatureRefusal): AwsError {
  return new AwsError(NAME_OF_FLAW[flaw], message);
}
