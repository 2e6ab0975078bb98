import { headerFields, onlyValue } from '../sigv4/headers';

/**
 * The request does not prove who sent it. The message says why; it is logged and never sent to the client. It contains no token
 * and no secret.
 */
export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError';
}

const BEARER = /^Bearer +([\w~+/.-]+=*)$/i;

/**
 * Reads a bearer token (RFC 6750) from a header; undefined if the header was not sent.
 * @param header name in lower case
 * @param maxBytes limit for the token
 * @throws AuthenticationError if the header was sent twice, has another scheme, or the token is too long
 */
export function bearerToken(
  rawHeaders: readonly string[],
  header: string,
  maxBytes: number,
): string | undefined {
  const value = onlyHeader(rawHeaders, header);
  return value === undefined ? undefined : parseBearer(value, header, maxBytes);
}

/**
 * Reads a bearer token from the value of a header, or of what stands for one.
 * @param name of the header, for messages
 * @throws AuthenticationError if it has another scheme, or the token is too long
 */
export function parseBearer(value: string, name: string, maxBytes: number): string {
  // Checked before anything parses the value. Node decodes headers as Latin-1, so one character is one byte.
  if (value.length > maxBytes + 'Bearer '.length) throw new AuthenticationError('the token is too long');
  const token = BEARER.exec(value)?.[1];
  if (token === undefined) throw new AuthenticationError(`${name} contains no bearer token`);
  return token;
}

/**
 * The value of a header that may be sent once; undefined if it was not sent.
 * @param rawHeaders names and values in turn, as in Node's `IncomingMessage.rawHeaders`
 * @param name in lower case
 * @throws AuthenticationError if it was sent more than once
 */
export function onlyHeader(rawHeaders: readonly string[], name: string): string | undefined {
  return onlyValue(headerFields(rawHeaders), name, (message) => new AuthenticationError(message));
}
