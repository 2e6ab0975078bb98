import { SignatureError } from './signature-error';

/** The values of each header, in the order in which they were sent, by the header's name in lower case. */
export type HeaderFields = ReadonlyMap<string, readonly string[]>;

/**
 * Groups the headers of a request without losing any: `IncomingMessage.headers` drops or joins those that were sent twice.
 * @param rawHeaders names and values in turn, as in Node's `IncomingMessage.rawHeaders`
 */
export function headerFields(rawHeaders: readonly string[]): HeaderFields {
  const fields = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    const values = fields.get(name);
    if (values) values.push(value);
    else fields.set(name, [value]);
  }
  return fields;
}

/**
 * The value of a header that may be sent once; undefined if it was not sent.
 * @param name in lower case
 * @param errorFor makes the error for a header that was sent more than once, because readers could disagree on which value counts
 * @throws the result of `errorFor`, by default a `SignatureError`
 */
export function onlyValue(
  headers: HeaderFields,
  name: string,
  errorFor: (message: string) => Error = (message) => new SignatureError('incomplete', message),
): string | undefined {
  const [value, ...others] = headers.get(name) ?? [];
  if (others.length > 0) throw errorFor(`The header ${name} appears more than once.`);
  return value;
}

/** A header: its name in lower case, and its values as they were sent. Node decodes headers as Latin-1, so one character is one byte. */
export type SignedField = readonly [name: string, values: readonly string[]];

/** The headers that a signature must cover. Otherwise a captured request could be changed and sent again. */
export interface RequiredHeaders {
  readonly always: readonly string[];
  /** Headers that must be signed if they are sent. */
  readonly ifSent: readonly string[];
}

/**
 * The headers that a signature covers, with the values that arrived.
 * @param list the `SignedHeaders` of the signature: names in lower case, sorted, separated by semicolons
 * @throws SignatureError if a required header is not signed, or a signed header did not arrive
 */
export function signedHeadersOf(
  headers: HeaderFields,
  list: string,
  { always, ifSent }: RequiredHeaders,
): readonly SignedField[] {
  const names = list.split(';');
  if (list !== [...new Set(names)].sort().join(';') || list !== list.toLowerCase()) {
    throw invalid('SignedHeaders must be names in lower case, each once and in alphabetical order.');
  }
  const signed = new Set(names);
  const missing = [...always, ...ifSent.filter((name) => headers.has(name))].filter(
    (name) => !signed.has(name),
  );
  if (missing.length > 0) throw invalid(`These headers must be signed and are not: ${missing.join(', ')}.`);
  return names.map((name) => {
    const values = headers.get(name);
    if (values === undefined) throw invalid(`The header ${name} is signed and did not arrive.`);
    return [name, values];
  });
}

function invalid(message: string): SignatureError {
  return new SignatureError('invalid', message);
}
