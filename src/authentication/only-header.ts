import { AuthenticationRefusal } from './refusal';

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
