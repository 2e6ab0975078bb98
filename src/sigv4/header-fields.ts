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
