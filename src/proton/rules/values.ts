import {
  isAccountId,
  isConnectionId,
  isRegion,
  isRoleArn,
  type AccountId,
  type ConnectionId,
  type Region,
  type RoleArn,
} from '../identifiers';
import type { Rule } from './violations';

/**
 * The rules for single values, from Proton's public model (`AwsAccountId`, `ResourceName`, `RoleArn`, `ClientToken`, `TagKey`,
 * `TagValue`). The model leaves open what tags may be written with; there the rule is AWS's general one for tags.
 */

export const connectionIdRule: Rule<ConnectionId> = (value, broken) =>
  isConnectionId(value) ? value : broken('must be the id of a connection, a lower-case UUID');

export const accountIdRule: Rule<AccountId> = (value, broken) => (isAccountId(value) ? value : broken('must be 12 digits'));

export const regionRule: Rule<Region> = (value, broken) =>
  isRegion(value) ? value : broken('must be an AWS Region, as in eu-central-1');

export const environmentNameRule: Rule<string> = text({
  least: 1,
  most: 100,
  pattern: /^[0-9A-Za-z][0-9A-Za-z_-]*$/,
  otherwise: 'must begin with a letter or digit and go on with letters, digits, "_" and "-"',
});

export const clientTokenRule: Rule<string> = text({
  least: 0,
  most: 64,
  pattern: /^[!-~]*$/,
  otherwise: 'must be printable ASCII without spaces',
});

export const roleArnRule: Rule<RoleArn> = (value, broken) => {
  if (!within(value, 1, 2048)) return broken('must have 1 to 2048 characters');
  return isRoleArn(value)
    ? value
    : broken('must be the ARN of an IAM role, as in arn:aws:iam::222222222222:role/NAME');
};

/** Marks are part of the letters of many scripts, so they go where letters go. */
const TAG_CHARACTERS = /^[\p{L}\p{M}\p{Nd} *_.:/=+\-@]*$/u;
const TAG_CHARACTERS_RULE = 'must consist of letters, digits, spaces and * _ . : / = + - @';
const tagKeyText = text({ least: 1, most: 128, pattern: TAG_CHARACTERS, otherwise: TAG_CHARACTERS_RULE });

export const tagKeyRule: Rule<string> = (value, broken) => {
  const key = tagKeyText(value, broken);
  return /^aws:/i.test(value) ? broken('must not begin with "aws:", which is reserved') : key;
};

export const tagValueRule: Rule<string> = text({
  least: 0,
  most: 256,
  pattern: TAG_CHARACTERS,
  otherwise: TAG_CHARACTERS_RULE,
});

interface TextRule {
  readonly least: number;
  readonly most: number;
  readonly pattern: RegExp;
  readonly otherwise: string;
}

/** A rule of a length, in Unicode characters, and a pattern. An empty text that must not be empty breaks the length alone. */
function text({ least, most, pattern, otherwise }: TextRule): Rule<string> {
  return (value, broken) => {
    const fits = within(value, least, most);
    if (!fits) broken(`must have ${String(least)} to ${String(most)} characters`);
    const matches = value === '' || pattern.test(value);
    if (!matches) broken(otherwise);
    return fits && matches ? value : undefined;
  };
}

/** Whether a text has `least` to `most` characters, without counting through one that is far too long. */
function within(value: string, least: number, most: number): boolean {
  if (value.length < least || value.length > 2 * most) return false;
  const characters = value.length <= most ? value.length : [...value].length;
  return characters >= least && characters <= most;
}
