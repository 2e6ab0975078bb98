import { ConnectionStatus } from '../connection';
import { isAccountId, isConnectionId, isRegion, isRoleArn, type RoleArn } from '../identifiers';
import type { Rule } from './violations';

/**
 * The rules for single values, from Proton's public model (`AwsAccountId`, `ResourceName`, `RoleArn`, `ClientToken`, `TagKey`,
 * `TagValue`). The model does not say which characters tags may contain; that rule is AWS's general rule for tags.
 */

export const connectionIdRule = guardRule(
  isConnectionId,
  'must be the id of a connection, a lower-case UUID',
);

export const accountIdRule = guardRule(isAccountId, 'must be 12 digits');

export const regionRule = guardRule(isRegion, 'must be an AWS Region, as in eu-central-1');

export const roleArnRule: Rule<RoleArn> = (value) => {
  if (!hasLength(value, 1, 2048)) return { messages: ['must have 1 to 2048 characters'] };
  return guardRule(
    isRoleArn,
    'must be the ARN of an IAM role, as in arn:aws:iam::222222222222:role/NAME',
  )(value);
};

export const environmentNameRule = text({
  min: 1,
  max: 100,
  pattern: /^[0-9A-Za-z][0-9A-Za-z_-]*$/,
  message: 'must begin with a letter or digit and go on with letters, digits, "_" and "-"',
});

export const clientTokenRule = text({
  min: 0,
  max: 64,
  pattern: /^[!-~]*$/,
  message: 'must be printable ASCII without spaces',
});

export const statusRule = oneOf<ConnectionStatus>(Object.values(ConnectionStatus));

const TAG_TEXT = {
  // \p{M}: in many scripts, letters are written with combining marks.
  pattern: /^[\p{L}\p{M}\p{Nd} *_.:/=+\-@]*$/u,
  message: 'must consist of letters, digits, spaces and * _ . : / = + - @',
};

export const tagKeyRule = text({
  ...TAG_TEXT,
  min: 1,
  max: 128,
  reserved: { pattern: /^aws:/i, message: 'must not begin with "aws:", which is reserved' },
});

export const tagValueRule = text({ ...TAG_TEXT, min: 0, max: 256 });

/** Whether a value is an object, and neither null nor a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A rule from a type guard. */
function guardRule<Value extends string>(
  is: (value: string) => value is Value,
  message: string,
): Rule<Value> {
  return (value) => (is(value) ? { value } : { messages: [message] });
}

/** A rule for a member with a few known values. */
export function oneOf<Value extends string>(values: readonly Value[]): Rule<Value> {
  return (given) => {
    const value = values.find((known) => known === given);
    return value === undefined ? { messages: [`must be one of ${values.join(', ')}`] } : { value };
  };
}

interface TextRule {
  readonly min: number;
  readonly max: number;
  readonly pattern: RegExp;
  /** The violation's message if the value does not match the pattern. */
  readonly message: string;
  readonly reserved?: { readonly pattern: RegExp; readonly message: string };
}

/** A rule for the length, in Unicode characters, and the pattern of a text. An empty text can only break the length rule. */
function text({ min, max, pattern, message, reserved }: TextRule): Rule<string> {
  return (value) => {
    const messages: string[] = [];
    if (!hasLength(value, min, max)) messages.push(`must have ${String(min)} to ${String(max)} characters`);
    if (value !== '' && !pattern.test(value)) messages.push(message);
    if (reserved?.pattern.test(value)) messages.push(reserved.message);
    return messages.length === 0 ? { value } : { messages };
  };
}

/** Whether a text has `min` to `max` Unicode characters. Does not count the characters of a text that is far too long. */
function hasLength(value: string, min: number, max: number): boolean {
  if (value.length < min || value.length > 2 * max) return false;
  const characters = value.length <= max ? value.length : Array.from(value).length;
  return characters >= min && characters <= max;
}
