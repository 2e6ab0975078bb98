import type { ConnectionIdentity, ConnectionRoles, Tag } from '../connection';
import type { AccountId, ConnectionId, Region } from '../identifiers';
import type {
  ConnectionIdInput,
  CreateConnectionInput,
  TagConnectionInput,
  UntagConnectionInput,
  UpdateConnectionInput,
} from './inputs';
import { accountOfRoles, checkRolesFit, hasRole, parseRoles, parseRolesToSet } from './roles';
import {
  accountIdRule,
  clientTokenRule,
  connectionIdRule,
  environmentNameRule,
  regionRule,
  tagKeyRule,
  tagValueRule,
} from './values';
import { optional, required, Violations } from './violations';

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

/** A valid create input, with the defaults filled in. */
export interface CreateConnectionRequest extends ConnectionIdentity, ConnectionRoles {
  readonly tags: readonly Tag[];
  readonly clientToken: string | null;
}

export interface UpdateConnectionRequest extends ConnectionRoles {
  readonly id: ConnectionId;
}

/** Defaults for members that a create input leaves out. */
export interface CreateDefaults {
  readonly region: Region;
  /** The viewer's own account, else the configured one; undefined if there is neither. */
  readonly environmentAccountId: AccountId | undefined;
}

/** @throws ProtonFailure `VALIDATION_ERROR` that lists every broken rule */
export function parseCreate(input: CreateConnectionInput, defaults: CreateDefaults): CreateConnectionRequest {
  const violations = new Violations();
  const managementAccountId = required(
    violations,
    ['managementAccountId'],
    input.managementAccountId,
    accountIdRule,
  );
  const environmentName = required(
    violations,
    ['environmentName'],
    input.environmentName,
    environmentNameRule,
  );
  const givenAccountId = optional(
    violations,
    ['environmentAccountId'],
    input.environmentAccountId,
    accountIdRule,
  );
  const givenRegion = optional(violations, ['region'], input.region, regionRule);
  const region = givenRegion === null ? defaults.region : givenRegion;
  const roles = parseRoles(violations, input);
  const clientToken = optional(violations, ['clientToken'], input.clientToken, clientTokenRule);

  const environmentAccountId =
    givenAccountId === null ? (accountOfRoles(roles) ?? defaults.environmentAccountId) : givenAccountId;
  if (givenAccountId === null && environmentAccountId === undefined && !hasRole(input)) {
    violations.add(
      ['environmentAccountId'],
      'must be given: neither a role nor your permissions point to one account',
    );
  }
  checkRolesFit(violations, roles, { environmentAccountId, region });
  // Last, because violations of many tags may fill the report.
  const tags = input.tags ?? [];
  checkTags(violations, tags);

  if (
    violations.any ||
    managementAccountId === undefined ||
    environmentName === undefined ||
    environmentAccountId === undefined ||
    region === undefined ||
    clientToken === undefined
  ) {
    throw violations.asFailure();
  }
  return {
    managementAccountId,
    environmentName,
    environmentAccountId,
    region,
    ...roles,
    tags,
    clientToken: clientToken === '' ? null : clientToken,
  };
}

/** @throws ProtonFailure `VALIDATION_ERROR` that lists every broken rule */
export function parseUpdate(input: UpdateConnectionInput): UpdateConnectionRequest {
  const violations = new Violations();
  const id = required(violations, ['id'], input.id, connectionIdRule);
  const roles = parseRolesToSet(violations, input);
  if (violations.any || id === undefined) throw violations.asFailure();
  return { id, ...roles };
}

/** @throws ProtonFailure `VALIDATION_ERROR` if the id is malformed */
export function parseId(input: ConnectionIdInput): ConnectionId {
  const violations = new Violations();
  const id = required(violations, ['id'], input.id, connectionIdRule);
  if (id === undefined) throw violations.asFailure();
  return id;
}

/** @throws ProtonFailure `VALIDATION_ERROR` that lists every broken rule */
export function parseTag(input: TagConnectionInput): {
  readonly id: ConnectionId;
  readonly tags: readonly Tag[];
} {
  const violations = new Violations();
  const id = required(violations, ['id'], input.id, connectionIdRule);
  checkTagsToSet(violations, input.tags);
  if (violations.any || id === undefined) throw violations.asFailure();
  return { id, tags: input.tags };
}

/** @throws ProtonFailure `VALIDATION_ERROR` that lists every broken rule */
export function parseUntag(input: UntagConnectionInput): {
  readonly id: ConnectionId;
  readonly tagKeys: ReadonlySet<string>;
} {
  const violations = new Violations();
  const id = required(violations, ['id'], input.id, connectionIdRule);
  checkTagKeys(violations, input.tagKeys);
  if (violations.any || id === undefined) throw violations.asFailure();
  return { id, tagKeys: new Set(input.tagKeys) };
}
