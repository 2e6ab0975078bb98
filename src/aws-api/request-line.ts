import { AwsError } from './aws-error';
import { onlyValue, type AwsRequest } from './messages';

export const HOST_NEEDED = 'The request must have a Host header.';

const PRESIGNED = /[?&]x-amz-/i;

/**
 * Checks that the request is `POST /` with one Host header, as AWS JSON 1.0 requires.
 * @throws AwsError `SerializationException` without a Host header, `IncompleteSignatureException` for a presigned URL,
 * `UnknownOperationException` otherwise; SignatureError for several Host headers
 */
export function checkRequestLine({
  method,
  url,
  headers,
}: Pick<AwsRequest, 'method' | 'url' | 'headers'>): void {
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
