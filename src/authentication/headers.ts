/** A proof that is not believed. Its message says why, for the log alone: it holds neither a token nor a secret. */
export class AuthenticationRefusal extends Error {
  override readonly name = 'AuthenticationRefusal';
}

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

/**
 * The value of a header; undefined where it did not come. Node itself would pass over a second one.
 * @param rawHeaders names and values in turn, as Node lists them
 * @param name in lower case
 * @throws AuthenticationRefusal where it came more than once
 */
export function onlyHeader(rawHeaders: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() !== name) continue;
    if (value !== undefined) throw new AuthenticationRefusal(`${name} came more than once`);
    value = rawHeaders[index + 1];
  }
  return value;
}
