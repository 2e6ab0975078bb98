import type { SignedField } from './canonical-request';
import { SignatureRefusal } from './signature-refusal';

/** The fields of a request's header by their names in lower case, each with its values in the order in which they came. */
export type HeaderFields = ReadonlyMap<string, readonly string[]>;

/**
 * Every field as it was sent: Node's own view of them drops or joins what was sent twice.
 * @param rawHeaders names and values in turn, as Node lists them
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
 * The value of a field that may appear once, undefined where it does not.
 * @throws SignatureRefusal where it appears twice: which of them was meant would be for each reader to guess
 */
export function onlyValue(headers: HeaderFields, name: string): string | undefined {
  const [value, ...others] = headers.get(name) ?? [];
  if (others.length === 0) return value;
  throw new SignatureRefusal('incomplete', `The header ${name} appears more than once.`);
}

/** What a signature must cover: else a request could be sent to another server, at another time, or as another. */
export interface MustBeSigned {
  readonly always: readonly string[];
  /** What is acted on where it is sent. */
  readonly whereSent: readonly string[];
}

/**
 * The fields that a caller says to have signed, as they arrived.
 * @param list names in lower case and in order, separated by semicolons
 * @throws SignatureRefusal when one that must be signed is not, or one that is signed did not arrive
 */
export function signedHeadersOf(
  headers: HeaderFields,
  list: string,
  { always, whereSent }: MustBeSigned,
): readonly SignedField[] {
  const names = list.split(';');
  if (list !== [...new Set(names)].sort().join(';') || list !== list.toLowerCase()) {
    throw invalid('SignedHeaders must be names in lower case, each once and in alphabetical order.');
  }
  const signed = new Set(names);
  const missing = [...always, ...whereSent.filter((name) => headers.has(name))].filter(
    (name) => !signed.has(name),
  );
  if (missing.length > 0) throw invalid(`These headers must be signed and are not: ${missing.join(', ')}.`);
  return names.map((name) => {
    const values = headers.get(name);
    if (values === undefined) throw invalid(`The header ${name} is signed and did not arrive.`);
    return [name, values];
  });
}

function invalid(message: string): SignatureRefusal {
  return new SignatureRefusal('invalid', message);
}
