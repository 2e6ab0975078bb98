import { isObject } from '../formats/documents';

/** Whether an object is a function call, as in `{ "Fn::Sub": … }`. */
export function isCall(given: Readonly<Record<string, unknown>>): boolean {
  const [name, ...others] = Object.keys(given);
  return name !== undefined && others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'));
}

/** A function's arguments. @throws UnresolvedError when they are not a list, or not of this length */
export function listOf(given: unknown, expression: unknown, length?: number): readonly unknown[] {
  if (!Array.isArray(given) || (length !== undefined && given.length !== length)) {
    throw new UnresolvedError(
      expression,
      length === undefined ? 'must be given a list' : `must be given ${String(length)} values`,
    );
  }
  return given;
}

/**
 * A member of a section of the template; undefined when the section does not have it.
 * @throws UnresolvedError when only CloudFormation can tell: a transform may change what is beside it, and other functions add to it
 */
export function memberOf(section: unknown, name: string, expression: unknown): unknown {
  if (!isObject(section)) return undefined;
  if (Object.hasOwn(section, 'Fn::Transform')) {
    throw new UnresolvedError(
      expression,
      'is defined beside an Fn::Transform, which CloudFormation alone can run',
    );
  }
  if (Object.hasOwn(section, name)) return section[name];
  const added = Object.keys(section).find((key) => key.startsWith('Fn::'));
  if (added === undefined) return undefined;
  throw new UnresolvedError(expression, `may be defined by ${added}, which is known to CloudFormation alone`);
}

export function splitAtDot(path: string): readonly string[] {
  const dot = path.indexOf('.');
  return dot === -1 ? [path] : [path.slice(0, dot), path.slice(dot + 1)];
}

/** Resolves each named value once, however often others refer to it. A value that needs itself is an error. */
export function resolvedOnce<Value>() {
  const known = new Map<string, Value>();
  const underWay = new Set<string>();
  return (name: string, expression: unknown, work: () => Value): Value => {
    const value = known.get(name);
    if (value !== undefined) return value;
    if (underWay.has(name)) throw new UnresolvedError(expression, 'refers to itself');
    underWay.add(name);
    try {
      const made = work();
      known.set(name, made);
      return made;
    } finally {
      underWay.delete(name);
    }
  };
}

/** An expression that has no value here: which one, and why, as phrases that follow one another. */
export class UnresolvedError extends Error {
  override readonly name = 'UnresolvedError';
  constructor(expression: unknown, why: string) {
    super(`can't be resolved: ${textOf(expression)} ${why}`);
  }
}

/** Nothing that a connection has is nearly as long; texts that are put together from one another would double at each step. */
const LONGEST_TEXT = 4096;

/** A text, or a number or a truth value as the text that it is in a template. @throws UnresolvedError */
export function text(value: unknown, expression: unknown): string {
  if (typeof value === 'string') {
    if (value.length > LONGEST_TEXT) {
      throw new UnresolvedError(expression, `comes to more than ${String(LONGEST_TEXT)} characters`);
    }
    return value;
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new UnresolvedError(expression, 'must come to a text');
}

/** Texts put together, which are never longer on the way than they may be in the end. @throws UnresolvedError */
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
