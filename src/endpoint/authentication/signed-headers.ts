import { AwsError } from '../aws-error';
import type { EndpointRequest } from '../exchange';
import type { SignedField } from './canonical-request';

/** What must be signed always: else a request could be sent to another server, at another time, as another operation. */
const ALWAYS = ['host', 'x-amz-date', 'x-amz-target'];

/** What must be signed where it is sent, for it is acted on. */
const WHERE_SENT = ['x-amz-content-sha256'];

/**
 * The fields that a caller says to have signed, as they arrived.
 * @param list names in lower case and in order, separated by semicolons
 * @throws AwsError `InvalidSignatureException` when one that must be signed is not, or one that is signed did not arrive
 */
export function signedHeadersOf({ headers }: EndpointRequest, list: string): readonly SignedField[] {
  const names = list.split(';');
  if (list !== [...new Set(names)].sort().join(';') || list !== list.toLowerCase()) {
    throw invalid('SignedHeaders must be names in lower case, each once and in alphabetical order.');
  }
  const signed = new Set(names);
  const missing = [...ALWAYS, ...WHERE_SENT.filter((name) => headers.has(name))].filter(
    (name) => !signed.has(name),
  );
  if (missing.length > 0) throw invalid(`These headers must be signed and are not: ${missing.join(', ')}.`);
  return names.map((name) => {
    const values = headers.get(name);
    if (values === undefined) throw invalid(`The header ${name} is signed and did not arrive.`);
    return [name, values];
  });
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidSignatureException', message);
}
