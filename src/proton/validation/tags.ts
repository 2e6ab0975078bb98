import type { Tag } from '../connection';
import { tagKeyRule, tagValueRule } from './values';
import { required, type Violations } from './violations';

/** Tags on one connection. */
export const MOST_TAGS = 50;
/** Of a list that is too long in any case. */
const MOST_JUDGED = MOST_TAGS + 1;

export const TOO_MANY_TAGS = `must leave the connection with at most ${String(MOST_TAGS)} tags`;

const EMPTY = 'must have at least one entry';

/** Judges tags that are to be set: there must be some. */
export function checkTagsToSet(violations: Violations, tags: readonly Tag[]): void {
  if (tags.length === 0) violations.add(['tags'], EMPTY);
  checkTags(violations, tags);
}

/** Judges a list of tags, which may be empty. */
export function checkTags(violations: Violations, tags: readonly Tag[]): void {
  if (tags.length > MOST_TAGS) violations.add(['tags'], `must have at most ${String(MOST_TAGS)} entries`);
  const seen = new Set<string>();
  tags.slice(0, MOST_JUDGED).forEach(({ key, value }, index) => {
    const path = ['tags', String(index)];
    required(violations, [...path, 'key'], key, tagKeyRule);
    if (seen.has(key)) violations.add([...path, 'key'], 'must not appear twice in one input');
    seen.add(key);
    required(violations, [...path, 'value'], value, tagValueRule);
  });
}

/** Judges a list of keys to remove, of which there must be some; a key that appears twice counts once. */
export function checkTagKeys(violations: Violations, tagKeys: readonly string[]): void {
  if (tagKeys.length === 0) violations.add(['tagKeys'], EMPTY);
  if (tagKeys.length > MOST_TAGS)
    violations.add(['tagKeys'], `must have at most ${String(MOST_TAGS)} entries`);
  tagKeys
    .slice(0, MOST_JUDGED)
    .forEach((key, index) => required(violations, ['tagKeys', String(index)], key, tagKeyRule));
}
