import { AwsError } from './aws-error';
import { onlyValue, type EndpointRequest } from './messages';

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
    throw new AwsError('SerializationException', 'The request must have a Host header.');
  }
  const target = originForm(url);
  if (PRESIGNED.test(target)) {
    throw new AwsError(
      'IncompleteSignatureException',
      'Presigned requests are not taken: the signature must be in the Authorization header, not in the query string.',
    );
  }
  if (method !== 'POST' || target !== '/') {
    throw new AwsError(
      'UnknownOperationException',
      'This endpoint takes POST / alone, without a query string, and the operation in X-Amz-Target.',
    );
  }
}

/** A server must also take a target that names the server, as it is written to a proxy: RFC 9112, section 3.2.2. */
function originForm(url: string): string {
  const authority = /^https?:\/\/[^/?#]*/i.exec(url)?.[0];
  if (authority === undefined) return url;
  const rest = url.slice(authority.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}
