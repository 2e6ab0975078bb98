import type { Connection, ConnectionEventType, Tag } from '../../proton/connection';
import { ProtonFailure } from '../../proton/failure';
import type { ConnectionId } from '../../proton/identifiers';
import { MAX_TAGS, TOO_MANY_TAGS } from '../../proton/validation/tags';
import type { Decision } from '../store';
import { asEnvironmentAccount, eventOf, laterOf, refuse, type Author } from './decision-context';

/** Adds tags and gives new values to those that are there, up to 50 on the connection. */
export function decideTag(author: Author, id: ConnectionId, given: readonly Tag[]) {
  return asEnvironmentAccount(author, id, 'Tagging', (current) => {
    const tags = new Map(current.tags.map(({ key, value }) => [key, value]));
    const changes = given.some(({ key, value }) => tags.get(key) !== value);
    if (!changes) return { kind: 'keep', connection: current };
    for (const { key, value } of given) tags.set(key, value);
    if (tags.size > MAX_TAGS) {
      return refuse(ProtonFailure.invalid([{ path: ['tags'], message: TOO_MANY_TAGS }]));
    }
    return replaceTags(
      author,
      'TAGGED',
      current,
      [...tags].map(([key, value]) => ({ key, value })),
    );
  });
}

/** Takes away the tags with these keys; one that is not there is passed over. */
export function decideUntag(author: Author, id: ConnectionId, tagKeys: ReadonlySet<string>) {
  return asEnvironmentAccount(author, id, 'Untagging', (current) => {
    const tags = current.tags.filter(({ key }) => !tagKeys.has(key));
    return tags.length === current.tags.length
      ? { kind: 'keep', connection: current }
      : replaceTags(author, 'UNTAGGED', current, tags);
  });
}

/** Tags do not move `lastModifiedAt`. */
function replaceTags(
  author: Author,
  type: ConnectionEventType,
  current: Connection,
  tags: readonly Tag[],
): Decision {
  const at = laterOf(author.now(), current);
  const statuses = { previousStatus: current.status, status: current.status };
  const event = eventOf(author, type, at, { connectionId: current.id, ...statuses });
  return { kind: 'replace', connection: { ...current, tags }, event };
}
