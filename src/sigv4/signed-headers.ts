import type { SignedField } from './canonical-request';
import type { HeaderFields } from './header-fields';
import { SignatureRefusal } from './signature-refusal';

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
