/**
 * A LIMIT whose value is a parameter. SQLite plans a statement for the value of a lone parameter in LIMIT, so it would compile the
 * statement again at each execution. It does not do that for a sum.
 * @param parameter `?`, or a name with its `@`
 */
export function limitOf(parameter: string): string {
  return `LIMIT ${parameter} + 0`;
}
