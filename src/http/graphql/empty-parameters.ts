/** The values of a GET parameter that mean the same as leaving it out; a variable map may also be JSON's null. */
const EMPTY: Readonly<Record<string, readonly string[]>> = {
  operationName: [''],
  variables: ['', 'null'],
  extensions: ['', 'null'],
};

/**
 * Drops optional parameters that are empty from a query string, as GraphQL over HTTP has it. Apollo Server would look for an
 * operation without a name, and parse an empty text as JSON.
 */
export function withoutEmptyParameters(search: string): string {
  if (search === '') return search;
  const parameters = new URLSearchParams(search);
  for (const [name, values] of Object.entries(EMPTY)) {
    for (const value of values) parameters.delete(name, value);
  }
  return `?${parameters.toString()}`;
}

/** The same for the body of a POST: no operation has an empty name, so it asks for none. */
export function withoutEmptyName(body: unknown): unknown {
  const isObject = typeof body === 'object' && body !== null;
  return isObject && 'operationName' in body && body.operationName === ''
    ? { ...body, operationName: null }
    : body;
}
