import { onlyValue, type HeaderFields } from './headers';
import { SignatureError } from './signature-error';

/** The only supported algorithm. */
export const ALGORITHM = 'AWS4-HMAC-SHA256';

/** The last part of every credential scope. */
export const TERMINATOR = 'aws4_request';

/** The credential scope that a signature must have. */
export interface ExpectedScope<Region extends string> {
  /** The service name in the scope. */
  readonly service: string;
  readonly isRegion: (name: string) => name is Region;
}

/** The parts of an `Authorization` header. Nothing is verified yet. */
export interface Authorization<Region extends string = string> {
  readonly accessKeyId: string;
  /** The day in the credential scope, as in `20261122`. */
  readonly day: string;
  readonly region: Region;
  /** Names separated by semicolons, as they were sent. */
  readonly signedHeaders: string;
  readonly signature: string;
}

/**
 * Parses the `Authorization` header of an AWS Signature Version 4, and checks its scope.
 * @throws SignatureError
 */
export function readAuthorization<Region extends string>(
  headers: HeaderFields,
  expected: ExpectedScope<Region>,
): Authorization<Region> {
  const header = onlyValue(headers, 'authorization')?.trim() ?? '';
  if (header === '') {
    throw new SignatureError(
      'missing',
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
  const scope = readCredential(parameter('Credential'), expected);
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

function readCredential<Region extends string>(
  credential: string,
  expected: ExpectedScope<Region>,
): Pick<Authorization<Region>, 'accessKeyId' | 'day' | 'region'> {
  const [accessKeyId, day, region, service, terminator, ...more] = credential.split('/');
  if (!accessKeyId || !day || !region || !service || !terminator || more.length > 0) {
    throw incomplete(
      `The Credential in the Authorization header must be KEY_ID/YYYYMMDD/REGION/${expected.service}/${TERMINATOR}.`,
    );
  }
  if (service !== expected.service) throw wrongScope(`correct service: '${expected.service}'`);
  if (terminator !== TERMINATOR) throw wrongScope(`correct version: '${TERMINATOR}'`);
  if (!expected.isRegion(region)) throw wrongScope('valid Region, as in eu-central-1');
  return { accessKeyId, day, region };
}

function incomplete(message: string): SignatureError {
  return new SignatureError('incomplete', message);
}

function wrongScope(wanted: string): SignatureError {
  return new SignatureError('invalid', `The Credential should be scoped to a ${wanted}.`);
}

/** The text before the first separator, and the text after it. */
function partsAround(separator: RegExp, text: string): readonly [string, string] {
  const match = separator.exec(text);
  return match ? [text.slice(0, match.index), text.slice(match.index + match[0].length)] : [text, ''];
}
