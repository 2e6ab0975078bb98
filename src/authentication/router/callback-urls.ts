/**
 * The URLs that a router may name for callbacks. A request that names another one must not make this server send anything: the URL
 * could lead into a network that only this server reaches.
 */

/** As the URL parser spells it. `0.0.0.0`, IPv4 in IPv6, and names such as `localhost.` are other spellings, and refused. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
const OTHER_LOOPBACK = /^(?:0\.0\.0\.0|\[::\]|\[::ffff:.*\]|(?:.*\.)?localhost\.?)$/;

/** A dot, a slash or a backslash in percent-encoding: some servers decode it before they look for `..` in the path. */
const ENCODED_SEPARATOR = /%(?:2e|2f|5c)/i;

const MAX_LENGTH = 2_048;

/** @returns the URL, or the end of a sentence that begins with the URL and says what is wrong with it */
export function parseCallbackUrl(text: string): URL | string {
  if (text.length > MAX_LENGTH || !URL.canParse(text)) return 'is not a URL';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'has credentials in it';
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'is neither https nor http';
  if (OTHER_LOOPBACK.test(url.hostname) && url.hostname !== 'localhost') return SPELLING;
  if (!hasSpellingOf(url, text)) return SPELLING;
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) return 'is http, which only loopback may be';
  return ENCODED_SEPARATOR.test(url.pathname) ? 'has an encoded dot or slash in its path' : url;
}

const SPELLING = 'has a host in an unusual spelling';

/** Whether the text begins with the scheme and the host as they were parsed, and not with `127.1`, or `https:host`. */
function hasSpellingOf({ protocol, hostname }: URL, text: string): boolean {
  const start = `${protocol}//${hostname}`;
  return (
    text.slice(0, start.length).toLowerCase() === start && /^(?:[:/?#]|$)/.test(text.slice(start.length))
  );
}

/**
 * @param allowed URLs that `parseCallbackUrl` accepts, without a query
 * @returns a function that parses a router's URL: undefined unless it has the origin of an allowed URL and its path, or a path below it
 */
export function callbackUrlReader(allowed: readonly string[]): (text: string) => URL | undefined {
  const prefixes = allowed.map((text) => {
    const { origin, pathname } = new URL(text);
    return { origin, path: pathname.replace(/\/+$/, '') };
  });
  return (text) => {
    const url = parseCallbackUrl(text);
    if (typeof url === 'string') return undefined;
    const isAllowed = prefixes.some(
      ({ origin, path }) =>
        url.origin === origin && (url.pathname === path || url.pathname.startsWith(`${path}/`)),
    );
    return isAllowed ? url : undefined;
  };
}
