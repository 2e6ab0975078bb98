/** An expression that has no value here: which one, and why, as phrases that follow one another. */
export class Unresolved extends Error {
  override readonly name = 'Unresolved';
  constructor(expression: unknown, why: string) {
    super(`can't be resolved: ${textOf(expression)} ${why}`);
  }
}

/** Nothing that a connection has is nearly as long; texts that are put together from one another would double at each step. */
const LONGEST_TEXT = 4096;

/** A text, or a number or a truth value as the text that it is in a template. @throws Unresolved */
export function text(value: unknown, expression: unknown): string {
  if (typeof value === 'string') {
    if (value.length > LONGEST_TEXT) {
      throw new Unresolved(expression, `comes to more than ${String(LONGEST_TEXT)} characters`);
    }
    return value;
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Unresolved(expression, 'must come to a text');
}

/** Texts put together, which are never longer on the way than they may be in the end. @throws Unresolved */
export function joined(parts: readonly (string | (() => string))[], expression: unknown): string {
  let whole = '';
  for (const part of parts) whole = text(whole + (typeof part === 'string' ? part : part()), expression);
  return whole;
}

/** An expression in its long form, cut where it is too long to be read. */
function textOf(expression: unknown): string {
  const text = JSON.stringify(expression);
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
