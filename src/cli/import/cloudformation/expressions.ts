import { isObject } from '../formats/documents';
import { Unresolved } from './unresolved';

/** Whether an object is a function call, as in `{ "Fn::Sub": … }`. */
export function isCall(given: Readonly<Record<string, unknown>>): boolean {
  const [name, ...others] = Object.keys(given);
  return name !== undefined && others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'));
}

/** A function's arguments. @throws Unresolved when they are not a list, or not of this length */
export function listOf(given: unknown, expression: unknown, length?: number): readonly unknown[] {
  if (!Array.isArray(given) || (length !== undefined && given.length !== length)) {
    throw new Unresolved(
      expression,
      length === undefined ? 'must be given a list' : `must be given ${String(length)} values`,
    );
  }
  return given;
}

/**
 * A member of a section of the template; undefined when the section does not have it.
 * @throws Unresolved when only CloudFormation can tell: a transform may change what is beside it, and other functions add to it
 */
export function memberOf(section: unknown, name: string, expression: unknown): unknown {
  if (!isObject(section)) return undefined;
  if (Object.hasOwn(section, 'Fn::Transform')) {
    throw new Unresolved(
      expression,
      'is defined beside an Fn::Transform, which CloudFormation alone can run',
    );
  }
  if (Object.hasOwn(section, name)) return section[name];
  const added = Object.keys(section).find((key) => key.startsWith('Fn::'));
  if (added === undefined) return undefined;
  throw new Unresolved(expression, `may be defined by ${added}, which is known to CloudFormation alone`);
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
    if (underWay.has(name)) throw new Unresolved(expression, 'refers to itself');
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
