import { onlyHeader } from './only-header';
import { AuthenticationRefusal } from './refusal';

const BEARER = /^Bearer +([\w~+/.-]+=*)$/i;

/**
 * The token of a header, as RFC 6750 writes it; undefined where the header did not come.
 * @param header its name in lower case
 * @param maxBytes of the token
 * @throws AuthenticationRefusal for a header that came twice, another scheme, or too long a token
 */
export function bearerToken(
  rawHeaders: readonly string[],
  header: string,
  maxBytes: number,
): string | undefined {
  const value = onlyHeader(rawHeaders, header);
  if (value === undefined) return undefined;
  // Before anything else looks at it: what comes over the wire is Latin-1, a character a byte.
  if (value.length > maxBytes + 'Bearer '.length) throw new AuthenticationRefusal('the token is too long');
  const token = BEARER.exec(value)?.[1];
  if (token === undefined) throw new AuthenticationRefusal(`${header} holds no bearer token`);
  return token;
}
