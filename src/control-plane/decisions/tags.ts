import type { Connection, ConnectionEventType, Tag } from '../../proton/connection';
import { ProtonFailure } from '../../proton/failure';
import type { ConnectionId } from '../../proton/identifiers';
import { MAX_TAGS, TOO_MANY_TAGS } from '../../proton/validation/parse-inputs';
import type { Decision } from '../store';
import { eventOf, ifPermitted, laterOf, refuse, type DecisionContext } from './decision-context';

/** Adds tags, or replaces their values. A connection has at most 50. */
export function decideTag(context: DecisionContext, id: ConnectionId, given: readonly Tag[]) {
  return ifPermitted(context, id, 'TAG', (current) => {
    const tags = new Map(current.tags.map(({ key, value }) => [key, value]));
    const hasChange = given.some(({ key, value }) => tags.get(key) !== value);
    if (!hasChange) return { kind: 'keep', connection: current };
    for (const { key, value } of given) tags.set(key, value);
    if (tags.size > MAX_TAGS) {
      return refuse(ProtonFailure.invalid([{ path: ['tags'], message: TOO_MANY_TAGS }]));
    }
    return replaceTags(
      context,
      'TAGGED',
      current,
      [...tags].map(([key, value]) => ({ key, value })),
    );
  });
}

/** Removes the tags with these keys. Missing ones are ignored. */
export function decideUntag(context: DecisionContext, id: ConnectionId, tagKeys: ReadonlySet<string>) {
  return ifPermitted(context, id, 'UNTAG', (current) => {
    const tags = current.tags.filter(({ key }) => !tagKeys.has(key));
    return tags.length === current.tags.length
      ? { kind: 'keep', connection: current }
      : replaceTags(context, 'UNTAGGED', current, tags);
  });
}

/** Tags don't change `lastModifiedAt`. */
function replaceTags(
  context: DecisionContext,
  type: ConnectionEventType,
  current: Connection,
  tags: readonly Tag[],
): Decision {
  const at = laterOf(context.now(), current);
  const statuses = { previousStatus: current.status, status: current.status };
  const event = eventOf(context, type, at, { connectionId: current.id, ...statuses });
  return { kind: 'replace', connection: { ...current, tags }, event };
}
