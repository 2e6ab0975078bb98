/** An expression that has no value here: which one, and why, as phrases that follow one another. */
export class Unresolved extends Error {
  override readonly name = 'Unresolved';
  constructor(expression: unknown, why: string) {
    super(`can't be resolved: ${textOf(expression)} ${why}`);
  }
}

/** A text, or a number or a truth value as the text that it is in a template. */
export function text(value: unknown, expression: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Unresolved(expression, 'must come to a text');
}

/** An expression in its long form, cut where it is too long to be read. */
function textOf(expression: unknown): string {
  const text = JSON.stringify(expression);
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
