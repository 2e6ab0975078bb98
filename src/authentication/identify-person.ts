import type { PersonAuthentication } from './authentication';
import { bearerToken } from './headers';
import { verifyToken, type Person } from './user/verify-token';

/**
 * Tells who a request is from, by the token that it came with; undefined where it came with none.
 * @param tokenHeader in lower case
 * @throws AuthenticationRefusal for a token that is not believed
 */
export async function identifyPerson(
  rawHeaders: readonly string[],
  tokenHeader: string,
  { keys, rules, maxBytes }: PersonAuthentication,
): Promise<Person | undefined> {
  const token = bearerToken(rawHeaders, tokenHeader, maxBytes);
  return token === undefined ? undefined : verifyToken(token, keys, rules);
}
