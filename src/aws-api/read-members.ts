import type { Tag } from '../proton/connection';
import { MAX_TAGS } from '../proton/validation/tags';
import { required, type Rule, type Violations } from '../proton/validation/violations';
import { AwsError } from './aws-error';
import { isObject, membersOf, type Input } from './json-input';

/**
 * Members by the JSON type that Proton's model gives them. Undefined where a member is left out; another type can't be read at
 * all, whatever the rules say: `SerializationException`.
 */

const NOT_GIVEN = 'must be given';

export function textMember(input: Input, name: string): string | undefined {
  const value = input.get(name);
  return value === undefined ? undefined : asText(value, name);
}

export function numberMember(input: Input, name: string): number | undefined {
  const value = input.get(name);
  if (value === undefined || typeof value === 'number') return value;
  throw unreadable([name], 'a number');
}

export function textListMember(input: Input, name: string): readonly string[] | undefined {
  return listMember(input, name)?.map((item, index) => asText(item, name, index));
}

/** Reads tags; one that lacks its key or value is reported and counts as if it were empty. */
export function tagListMember(
  input: Input,
  name: string,
  violations: Violations,
): readonly Tag[] | undefined {
  // One more than there may be: that there are too many is then seen, and what else is wrong with them does not matter.
  return listMember(input, name)
    ?.slice(0, MAX_TAGS + 1)
    .map((item, index) => {
      if (!isObject(item)) throw unreadable([name, index], 'an object');
      const members = membersOf(item);
      const part = (part: keyof Tag): string => {
        const value = members.get(part);
        if (value !== undefined) return asText(value, name, index, part);
        violations.add([name, String(index), part], NOT_GIVEN);
        return '';
      };
      return { key: part('key'), value: part('value') };
    });
}

/** Judges a text that must be given. Undefined where it breaks a rule, which is reported. */
export function requiredText<Value extends string>(
  violations: Violations,
  input: Input,
  name: string,
  rule: Rule<Value>,
): Value | undefined {
  const value = requiredMember(violations, name, textMember(input, name));
  return value === undefined ? undefined : required(violations, [name], value, rule);
}

/** Judges a text that may be left out. Undefined where it is, or where it breaks a rule, which is reported. */
export function optionalText<Value extends string>(
  violations: Violations,
  input: Input,
  name: string,
  rule: Rule<Value>,
): Value | undefined {
  const value = textMember(input, name);
  return value === undefined ? undefined : required(violations, [name], value, rule);
}

/** Reports a member that is left out and must not be. */
export function requiredMember<Value>(
  violations: Violations,
  name: string,
  value: Value | undefined,
): Value | undefined {
  if (value === undefined) violations.add([name], NOT_GIVEN);
  return value;
}

function listMember(input: Input, name: string): readonly unknown[] | undefined {
  const value = input.get(name);
  if (value === undefined) return undefined;
  const isList: (value: unknown) => value is readonly unknown[] = Array.isArray;
  if (!isList(value)) throw unreadable([name], 'a list');
  return value;
}

function asText(value: unknown, ...path: Path): string {
  if (typeof value !== 'string') throw unreadable(path, 'a string');
  return value;
}

/** Where a value stands in an input, as in `tags.0.key`. */
type Path = readonly (string | number)[];

function unreadable(path: Path, expected: string): AwsError {
  return new AwsError('SerializationException', `${path.join('.')} must be ${expected}.`);
}
