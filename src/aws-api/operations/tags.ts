import type { Connection } from '../../proton/connection';
import { cursorCodec } from '../../proton/page';
import type { ProtonSession } from '../../proton/proton-service';
import { checkTagKeys, checkTagsToSet, MAX_TAGS } from '../../proton/validation/parse-inputs';
import { Violations } from '../../proton/validation/violations';
import { AwsError } from '../aws-error';
import {
  checkMaxResults,
  nextTokenRule,
  numberMember,
  optionalText,
  requiredMember,
  requiredText,
  resourceArnRule,
  tagListMember,
  textListMember,
} from '../read-members';
import { invalidTokenFailure } from './list-connections';
import type { Operation } from './operation';

/** The operations on the tags of a connection, identified by its ARN. */

export const tagResource: Operation = async (input, { session }) => {
  const violations = new Violations();
  const resourceArn = requiredText(violations, input, 'resourceArn', resourceArnRule);
  const tags = requiredMember(violations, 'tags', tagListMember(input, 'tags', violations));
  if (tags) checkTagsToSet(violations, tags);
  if (violations.any || resourceArn === undefined || tags === undefined) throw violations.asFailure();

  const { id } = await connectionOf(session, resourceArn);
  await session.tagConnection({ id, tags });
  return {};
};

export const untagResource: Operation = async (input, { session }) => {
  const violations = new Violations();
  const resourceArn = requiredText(violations, input, 'resourceArn', resourceArnRule);
  const tagKeys = requiredMember(violations, 'tagKeys', textListMember(input, 'tagKeys'));
  if (tagKeys) checkTagKeys(violations, tagKeys);
  if (violations.any || resourceArn === undefined || tagKeys === undefined) throw violations.asFailure();

  const { id } = await connectionOf(session, resourceArn);
  await session.untagConnection({ id, tagKeys });
  return {};
};

/** Lists tags sorted by key. A page continues after a key, so tags may be added and removed between pages. */
export const listTagsForResource: Operation = async (input, { session }) => {
  const violations = new Violations();
  const resourceArn = requiredText(violations, input, 'resourceArn', resourceArnRule);
  const nextToken = optionalText(violations, input, 'nextToken', nextTokenRule);
  const maxResults = numberMember(input, 'maxResults');
  checkMaxResults(violations, maxResults);
  if (violations.any || resourceArn === undefined) throw violations.asFailure();

  const connection = await connectionOf(session, resourceArn);
  const tokens = tagTokens(resourceArn);
  const after = nextToken === undefined ? undefined : tokens.read(nextToken);
  if (nextToken !== undefined && after === undefined) throw invalidTokenFailure();
  const rest = connection.tags
    .filter(({ key }) => after === undefined || key > after)
    .sort((one, other) => (one.key < other.key ? -1 : 1));
  const tags = rest.slice(0, maxResults ?? MAX_TAGS).map(({ key, value }) => ({ key, value }));
  const last = tags.at(-1);
  return { tags, ...(last && tags.length < rest.length ? { nextToken: tokens.write(last.key) } : {}) };
};

/** Page tokens for the tags of one connection; other lists reject them. Keys are hex-encoded because they may contain spaces. */
function tagTokens(resourceArn: string) {
  return cursorCodec<string>(['tags', resourceArn], {
    toFields: (key) => [Buffer.from(key).toString('hex')],
    fromFields: ([key = '']) => Buffer.from(key, 'hex').toString(),
  });
}

/** Connections in another Region or account, and ARNs of other resources, look exactly like connections that do not exist. */
async function connectionOf(session: ProtonSession<Connection>, arn: string): Promise<Connection> {
  const [connection] = await session.findConnections([{ arn }]);
  if (connection instanceof Error) throw connection;
  if (connection) return connection;
  throw new AwsError('ResourceNotFoundException', `No environment account connection has the ARN ${arn}.`);
}
