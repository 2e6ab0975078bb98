import { AwsError } from './aws-error';
import { onlyValue, type EndpointRequest } from './messages';

export const HOST_NEEDED = 'The request must have a Host header.';

const PRESIGNED = /[?&]x-amz-/i;

/**
 * Lets `POST /` through, which is all that AWS's JSON protocol has.
 * @throws AwsError `UnknownOperationException`, `SerializationException` without a host, or `IncompleteSignatureException` for a signature in the query string; SignatureRefusal for several hosts
 */
export function checkRequestLine({
  method,
  url,
  headers,
}: Pick<EndpointRequest, 'method' | 'url' | 'headers'>): void {
  if (onlyValue(headers, 'host') === undefined) {
    throw new AwsError('SerializationException', HOST_NEEDED);
  }
  if (PRESIGNED.test(url)) {
    throw new AwsError(
      'IncompleteSignatureException',
      'Presigned requests are not taken: the signature must be in the Authorization header, not in the query string.',
    );
  }
  if (method !== 'POST' || url !== '/') {
    throw new AwsError(
      'UnknownOperationException',
      'This endpoint takes POST / alone, without a query string, and the operation in X-Amz-Target.',
    );
  }
}
