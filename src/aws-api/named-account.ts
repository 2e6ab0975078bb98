import { isAccountId } from '../proton/identifiers';
import { readAuthorization } from '../sigv4/authorization-header';
import { AwsError } from './aws-error';
import type { Authenticate } from './caller';
import { PROTON_SCOPE } from './signing-rules';

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
