import type { Tag } from '../connection';
import { tagKeyRule, tagValueRule } from './values';
import { required, type Violations } from './violations';

/** Tags on one connection. */
export const MOST_TAGS = 50;
export const TOO_MANY_TAGS = `must leave the connection with at most ${String(MOST_TAGS)} tags`;

/** Judges a list of tags. Whether an empty list is meant is for the operation to say. */
export function checkTags(violations: Violations, tags: readonly Tag[]): void {
  if (tags.length > MOST_TAGS) violations.add(['tags'], `must have at most ${String(MOST_TAGS)} entries`);
  const seen = new Set<string>();
  tags.forEach(({ key, value }, index) => {
    const path = ['tags', String(index)];
    required(violations, [...path, 'key'], key, tagKeyRule);
    if (seen.has(key)) violations.add([...path, 'key'], 'must not appear twice in one input');
    seen.add(key);
    required(violations, [...path, 'value'], value, tagValueRule);
  });
}

/** Judges a list of keys to remove; a key that appears twice counts once. */
export function checkTagKeys(violations: Violations, tagKeys: readonly string[]): void {
  if (tagKeys.length > MOST_TAGS)
    violations.add(['tagKeys'], `must have at most ${String(MOST_TAGS)} entries`);
  tagKeys.forEach((key, index) => required(violations, ['tagKeys', String(index)], key, tagKeyRule));
}
