import { isObject } from '../../../proton/validation/values';

/** Resolves the values of a template. */
export interface Resolver {
  /** @throws UnresolvedError */
  readonly value: (value: unknown) => unknown;
  /** Whether the named condition is true. @throws UnresolvedError */
  readonly condition: (name: unknown) => boolean;
}

/** The value of an expression is not known. The message contains the expression and the reason. */
export class UnresolvedError extends Error {
  override readonly name = 'UnresolvedError';
  constructor(expression: unknown, reason: string) {
    super(`can't be resolved: ${shortened(expression)} ${reason}`);
  }
}

function shortened(expression: unknown): string {
  const json = JSON.stringify(expression);
  return json.length <= 200 ? json : `${json.slice(0, 200)}…`;
}

/** The reason why a value can't be resolved. @throws any other error again */
export function unresolvedReason(error: unknown): string {
  if (error instanceof UnresolvedError) return error.message;
  throw error;
}

/** Longer than any property of a connection. Without a limit, nested `Fn::Sub` calls could double a string at each level. */
const MAX_TEXT_LENGTH = 4096;

/** A string; numbers and booleans become strings, as in CloudFormation. @throws UnresolvedError */
export function text(value: unknown, expression: unknown): string {
  if (typeof value === 'string') {
    if (value.length > MAX_TEXT_LENGTH) {
      throw new UnresolvedError(expression, `resolves to more than ${String(MAX_TEXT_LENGTH)} characters`);
    }
    return value;
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new UnresolvedError(expression, 'must resolve to a string');
}

/** Concatenates strings, and checks the length after each one. @throws UnresolvedError */
export function joined(parts: readonly (string | (() => string))[], expression: unknown): string {
  let whole = '';
  for (const part of parts) whole = text(whole + (typeof part === 'string' ? part : part()), expression);
  return whole;
}

/** Whether an object is a function call, as in `{ "Fn::Sub": … }`. */
export function isCall(given: Readonly<Record<string, unknown>>): boolean {
  const [name, ...others] = Object.keys(given);
  return name !== undefined && others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'));
}

/** The arguments of a function. @throws UnresolvedError when they are not a list, or not of this length */
export function listOf(given: unknown, expression: unknown, length?: number): readonly unknown[] {
  if (!Array.isArray(given) || (length !== undefined && given.length !== length)) {
    throw new UnresolvedError(
      expression,
      length === undefined ? 'needs a list' : `needs a list of ${String(length)} values`,
    );
  }
  return given;
}

/**
 * A member of a section of the template; undefined when the section does not have it.
 * @throws UnresolvedError when a transform or another function, which only CloudFormation can run, may define the member
 */
export function memberOf(section: unknown, name: string, expression: unknown): unknown {
  if (!isObject(section)) return undefined;
  if (Object.hasOwn(section, 'Fn::Transform')) {
    throw new UnresolvedError(
      expression,
      'is defined beside an Fn::Transform, which only CloudFormation can run',
    );
  }
  if (Object.hasOwn(section, name)) return section[name];
  const call = Object.keys(section).find((key) => key.startsWith('Fn::'));
  if (call === undefined) return undefined;
  throw new UnresolvedError(expression, `may be defined by ${call}, which only CloudFormation can run`);
}

/** Resolves each name once and caches the value. @throws UnresolvedError when a value depends on itself */
export function resolvedOnce<Value>() {
  const resolved = new Map<string, Value>();
  const inProgress = new Set<string>();
  return (name: string, expression: unknown, resolve: () => Value): Value => {
    const cached = resolved.get(name);
    if (cached !== undefined) return cached;
    if (inProgress.has(name)) throw new UnresolvedError(expression, 'refers to itself');
    inProgress.add(name);
    try {
      const value = resolve();
      resolved.set(name, value);
      return value;
    } finally {
      inProgress.delete(name);
    }
  };
}
