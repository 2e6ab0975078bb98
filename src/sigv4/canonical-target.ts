/**
 * The path of a request's target as it is signed: without dot segments and empty ones, and with every byte encoded that is not
 * unreserved, the percent signs of what is encoded already among them. All services but S3 sign it in this form.
 * @param path as it was sent, without the query string
 */
export function canonicalPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  const end = kept.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${kept.map(encode).join('/')}${end}`;
}

/**
 * The query string as it is signed: its parameters encoded anew, in the order of their names and then of their values. They are
 * read as whoever answers reads them, so that no two requests of one signature mean different things.
 * @param query as it was sent, without the question mark
 */
export function canonicalQuery(query: string): string {
  return [...new URLSearchParams(query)]
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([name, value], [otherName, otherValue]) => compare(name, otherName) || compare(value, otherValue))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** RFC 3986 leaves fewer characters unreserved than JavaScript does. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** By code unit, and so, for what is ASCII, by byte. */
function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
