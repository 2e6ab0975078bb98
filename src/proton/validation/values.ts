import { isAccountId, isConnectionId, isRegion, isRoleArn, type RoleArn } from '../identifiers';
import type { Rule } from './violations';

/**
 * The rules for single values, from Proton's public model (`AwsAccountId`, `ResourceName`, `RoleArn`, `ClientToken`, `TagKey`,
 * `TagValue`). The model leaves open what tags may be written with; there the rule is AWS's general one for tags.
 */

export const connectionIdRule = narrowing(
  isConnectionId,
  'must be the id of a connection, a lower-case UUID',
);

export const accountIdRule = narrowing(isAccountId, 'must be 12 digits');

export const regionRule = narrowing(isRegion, 'must be an AWS Region, as in eu-central-1');

export const roleArnRule: Rule<RoleArn> = (value) => {
  if (!within(value, 1, 2048)) return { broken: ['must have 1 to 2048 characters'] };
  return narrowing(
    isRoleArn,
    'must be the ARN of an IAM role, as in arn:aws:iam::222222222222:role/NAME',
  )(value);
};

export const environmentNameRule = text({
  least: 1,
  most: 100,
  pattern: /^[0-9A-Za-z][0-9A-Za-z_-]*$/,
  otherwise: 'must begin with a letter or digit and go on with letters, digits, "_" and "-"',
});

export const clientTokenRule = text({
  least: 0,
  most: 64,
  pattern: /^[!-~]*$/,
  otherwise: 'must be printable ASCII without spaces',
});

const TAG_TEXT = {
  // Marks are part of the letters of many scripts, so they go where letters go.
  pattern: /^[\p{L}\p{M}\p{Nd} *_.:/=+\-@]*$/u,
  otherwise: 'must consist of letters, digits, spaces and * _ . : / = + - @',
};

export const tagKeyRule = text({
  ...TAG_TEXT,
  least: 1,
  most: 128,
  reserved: { pattern: /^aws:/i, otherwise: 'must not begin with "aws:", which is reserved' },
});

export const tagValueRule = text({ ...TAG_TEXT, least: 0, most: 256 });

function narrowing<Value extends string>(
  is: (value: string) => value is Value,
  otherwise: string,
): Rule<Value> {
  return (value) => (is(value) ? { value } : { broken: [otherwise] });
}

interface TextRule {
  readonly least: number;
  readonly most: number;
  readonly pattern: RegExp;
  /** What breaking the pattern is called. */
  readonly otherwise: string;
  readonly reserved?: { readonly pattern: RegExp; readonly otherwise: string };
}

/** A rule of a length, in Unicode characters, and a pattern. An empty text that must not be empty breaks the length alone. */
function text({ least, most, pattern, otherwise, reserved }: TextRule): Rule<string> {
  return (value) => {
    const broken: string[] = [];
    if (!within(value, least, most)) broken.push(`must have ${String(least)} to ${String(most)} characters`);
    if (value !== '' && !pattern.test(value)) broken.push(otherwise);
    if (reserved?.pattern.test(value)) broken.push(reserved.otherwise);
    return broken.length === 0 ? { value } : { broken };
  };
}

/** Whether a text has `least` to `most` characters, without counting through one that is far too long. */
function within(value: string, least: number, most: number): boolean {
  if (value.length < least || value.length > 2 * most) return false;
  const characters = value.length <= most ? value.length : Array.from(value).length;
  return characters >= least && characters <= most;
}
