import { AccountRole, type Tag } from '../proton/connection';
import { MAX_PAGE_SIZE } from '../proton/page';
import { MAX_TAGS } from '../proton/validation/parse-inputs';
import { isObject, oneOf } from '../proton/validation/values';
import { MUST_BE_GIVEN, required, type Rule, type Violations } from '../proton/validation/violations';
import { AwsError } from './aws-error';
import { type Input, membersOf } from './json-input';

/**
 * Readers for the members of an input, by the JSON type that Proton's model declares. Each returns undefined if the member is
 * missing, and throws an `AwsError`, `SerializationException`, if it has another type.
 */

export function textMember(input: Input, name: string): string | undefined {
  const value = input.get(name);
  return value === undefined ? undefined : asText(value, name);
}

export function numberMember(input: Input, name: string): number | undefined {
  const value = input.get(name);
  if (value === undefined || typeof value === 'number') return value;
  throw wrongType([name], 'a number');
}

export function textListMember(input: Input, name: string): readonly string[] | undefined {
  return listMember(input, name)?.map((item, index) => asText(item, name, index));
}

/** Reads tags. A missing key or value is reported as a violation and read as an empty string. */
export function tagListMember(
  input: Input,
  name: string,
  violations: Violations,
): readonly Tag[] | undefined {
  // One more than the limit, so that the limit's own check still fails.
  return listMember(input, name)
    ?.slice(0, MAX_TAGS + 1)
    .map((item, index) => {
      if (!isObject(item)) throw wrongType([name, index], 'an object');
      const members = membersOf(item);
      const textOf = (part: keyof Tag): string => {
        const value = members.get(part);
        if (value !== undefined) return asText(value, name, index, part);
        violations.add([name, String(index), part], MUST_BE_GIVEN);
        return '';
      };
      return { key: textOf('key'), value: textOf('value') };
    });
}

/** Reads and validates a required string. Reports a violation and returns undefined if it is missing or breaks the rule. */
export function requiredText<Value extends string>(
  violations: Violations,
  input: Input,
  name: string,
  rule: Rule<Value>,
): Value | undefined {
  return required(violations, [name], textMember(input, name), rule);
}

/** Reads and validates an optional string. Undefined if it is missing, or if it breaks the rule, which is reported. */
export function optionalText<Value extends string>(
  violations: Violations,
  input: Input,
  name: string,
  rule: Rule<Value>,
): Value | undefined {
  const value = textMember(input, name);
  return value === undefined ? undefined : required(violations, [name], value, rule);
}

/** Reports a violation if a required member is missing. */
export function requiredMember<Value>(
  violations: Violations,
  name: string,
  value: Value | undefined,
): Value | undefined {
  if (value === undefined) violations.add([name], MUST_BE_GIVEN);
  return value;
}

function listMember(input: Input, name: string): readonly unknown[] | undefined {
  const value = input.get(name);
  if (value === undefined) return undefined;
  const isList: (value: unknown) => value is readonly unknown[] = Array.isArray;
  if (!isList(value)) throw wrongType([name], 'a list');
  return value;
}

function asText(value: unknown, ...path: Path): string {
  if (typeof value !== 'string') throw wrongType(path, 'a string');
  return value;
}

/** The path of a value in an input, as in `tags.0.key`. */
type Path = readonly (string | number)[];

function wrongType(path: Path, expected: string): AwsError {
  return new AwsError('SerializationException', `${path.join('.')} must be ${expected}.`);
}

/** Rules for members that only the AWS API has. Each is named after its shape in Proton's public model. */

const ARN_LENGTH = 200;
/** The model's pattern nests quantifiers and can take exponential time. This one accepts the same ARNs in linear time. */
const ARN =
  /^arn:(?:aws|aws-cn|aws-us-gov):[a-zA-Z0-9-]+:[a-zA-Z0-9-]*:\d{12}:[\w+=,.@-]+(?:[/:][\w+=,.@-]+)*$/;
const NEXT_TOKEN = /^[A-Za-z0-9+=/]+$/;

/** `Arn`: the ARN of any resource. The connection need not exist. */
export const resourceArnRule: Rule<string> = (value) => {
  if (value.length < 1 || value.length > ARN_LENGTH) {
    return { messages: [`must have 1 to ${String(ARN_LENGTH)} characters`] };
  }
  return ARN.test(value)
    ? { value }
    : { messages: ['must be an ARN, as in arn:aws:proton:REGION:ACCOUNT:environment-account-connection/ID'] };
};

/** `NextToken` */
export const nextTokenRule: Rule<string> = (value) =>
  NEXT_TOKEN.test(value) ? { value } : { messages: ['must be a token that an earlier page answered'] };

/** `EnvironmentAccountConnectionRequesterAccountType` */
export const requestedByRule = oneOf<AccountRole>(Object.values(AccountRole));

/** `MaxPageResults` */
export function checkMaxResults(violations: Violations, value: number | undefined): void {
  if (value === undefined) return;
  if (!Number.isInteger(value) || value < 1 || value > MAX_PAGE_SIZE) {
    violations.add(['maxResults'], `must be a whole number from 1 to ${String(MAX_PAGE_SIZE)}`);
  }
}
