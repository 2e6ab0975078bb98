import { isRegion, type Region } from '../../proton/identifiers';
import { AwsError } from '../aws-error';
import { onlyValue, type HeaderFields } from '../exchange';

/** The one algorithm that callers sign with. */
const ALGORITHM = 'AWS4-HMAC-SHA256';

/** The name under which Proton's callers sign. */
export const SIGNING_SERVICE = 'proton';

const TERMINATOR = 'aws4_request';

/** What a caller's `Authorization` header says, not verified in any way. */
export interface Authorization {
  readonly accessKeyId: string;
  /** The day in the scope, as in `20261122`. */
  readonly day: string;
  readonly region: Region;
  /** As they were written, separated by semicolons. */
  readonly signedHeaders: string;
  readonly signature: string;
}

/**
 * Takes the header of a signature of version 4 apart, and judges its scope.
 * @throws AwsError `MissingAuthenticationTokenException`, `IncompleteSignatureException`, `InvalidSignatureException` for the scope
 */
export function readAuthorization(headers: HeaderFields): Authorization {
  const header = onlyValue(headers, 'authorization')?.trim() ?? '';
  if (header === '') {
    throw new AwsError(
      'MissingAuthenticationTokenException',
      'The request has no Authorization header: it must be signed with an access key.',
    );
  }
  const [algorithm, rest] = partsAround(/\s+/, header);
  if (algorithm !== ALGORITHM) {
    throw incomplete(`The Authorization header must begin with ${ALGORITHM}.`);
  }
  const parameters = readParameters(rest);
  const parameter = (name: string): string => {
    const value = parameters.get(name);
    if (!value) throw incomplete(`The Authorization header must have a ${name}.`);
    return value;
  };
  const scope = readCredential(parameter('Credential'));
  return { ...scope, signedHeaders: parameter('SignedHeaders'), signature: parameter('Signature') };
}

function readParameters(text: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const part of text.split(',')) {
    const [name, value] = partsAround(/=/, part.trim());
    if (parameters.has(name))
      throw incomplete(`The Authorization header must have one ${name}, not several.`);
    parameters.set(name, value);
  }
  return parameters;
}

function readCredential(credential: string): Pick<Authorization, 'accessKeyId' | 'day' | 'region'> {
  const [accessKeyId, day, region, service, terminator, ...more] = credential.split('/');
  if (!accessKeyId || !day || !region || !service || !terminator || more.length > 0) {
    throw incomplete(
      'The Credential in the Authorization header must be KEY_ID/YYYYMMDD/REGION/proton/aws4_request.',
    );
  }
  if (service !== SIGNING_SERVICE) throw wrongScope(`correct service: '${SIGNING_SERVICE}'`);
  if (terminator !== TERMINATOR) throw wrongScope(`correct version: '${TERMINATOR}'`);
  if (!isRegion(region)) throw wrongScope('valid Region, as in eu-central-1');
  return { accessKeyId, day, region };
}

function incomplete(message: string): AwsError {
  return new AwsError('IncompleteSignatureException', message);
}

function wrongScope(wanted: string): AwsError {
  return new AwsError('InvalidSignatureException', `The Credential should be scoped to a ${wanted}.`);
}

/** What stands before the first separator, and all that stands after it. */
function partsAround(separator: RegExp, text: string): readonly [string, string] {
  const match = separator.exec(text);
  return match ? [text.slice(0, match.index), text.slice(match.index + match[0].length)] : [text, ''];
}
