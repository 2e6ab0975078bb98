import type { Tag } from '../connection';
import { tagKeyRule, tagValueRule } from './values';
import { required, type Violations } from './violations';

/** The maximum number of tags on one connection. */
export const MAX_TAGS = 50;
/** Of a longer list, only the first tags are checked. */
const MAX_CHECKED = MAX_TAGS + 1;

export const TOO_MANY_TAGS = `must leave the connection with at most ${String(MAX_TAGS)} tags`;

const EMPTY = 'must have at least one entry';

/** Validates tags to set, of which there must be at least one. */
export function checkTagsToSet(violations: Violations, tags: readonly Tag[]): void {
  if (tags.length === 0) violations.add(['tags'], EMPTY);
  checkTags(violations, tags);
}

/** Validates a list of tags, which may be empty. */
export function checkTags(violations: Violations, tags: readonly Tag[]): void {
  if (tags.length > MAX_TAGS) violations.add(['tags'], `must have at most ${String(MAX_TAGS)} entries`);
  const seen = new Set<string>();
  tags.slice(0, MAX_CHECKED).forEach(({ key, value }, index) => {
    const path = ['tags', String(index)];
    required(violations, [...path, 'key'], key, tagKeyRule);
    if (seen.has(key)) violations.add([...path, 'key'], 'must not appear twice in one input');
    seen.add(key);
    required(violations, [...path, 'value'], value, tagValueRule);
  });
}

/** Validates keys to remove, of which there must be at least one. A key may appear twice. */
export function checkTagKeys(violations: Violations, tagKeys: readonly string[]): void {
  if (tagKeys.length === 0) violations.add(['tagKeys'], EMPTY);
  if (tagKeys.length > MAX_TAGS) violations.add(['tagKeys'], `must have at most ${String(MAX_TAGS)} entries`);
  tagKeys
    .slice(0, MAX_CHECKED)
    .forEach((key, index) => required(violations, ['tagKeys', String(index)], key, tagKeyRule));
}
