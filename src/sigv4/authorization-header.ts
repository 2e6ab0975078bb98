import { onlyValue, type HeaderFields } from './headers';
import { SignatureRefusal } from './signature-refusal';

/** The one algorithm that callers sign with. */
export const ALGORITHM = 'AWS4-HMAC-SHA256';

/** What ends every scope. */
export const TERMINATOR = 'aws4_request';

/** What a signature must be good for. */
export interface ExpectedScope<Region extends string> {
  /** The name under which callers sign. */
  readonly service: string;
  readonly isRegion: (name: string) => name is Region;
}

/** What a caller's `Authorization` header says, not verified in any way. */
export interface Authorization<Region extends string = string> {
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
 * @throws SignatureRefusal
 */
export function readAuthorization<Region extends string>(
  headers: HeaderFields,
  expected: ExpectedScope<Region>,
): Authorization<Region> {
  const header = onlyValue(headers, 'authorization')?.trim() ?? '';
  if (header === '') {
    throw new SignatureRefusal(
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

function incomplete(message: string): SignatureRefusal {
  return new SignatureRefusal('incomplete', message);
}

function wrongScope(wanted: string): SignatureRefusal {
  return new SignatureRefusal('invalid', `The Credential should be scoped to a ${wanted}.`);
}

/** What stands before the first separator, and all that stands after it. */
function partsAround(separator: RegExp, text: string): readonly [string, string] {
  const match = separator.exec(text);
  return match ? [text.slice(0, match.index), text.slice(match.index + match[0].length)] : [text, ''];
}
