import { ROLE_MEMBERS, type ConnectionRoles, type Tag } from '../connection';
import {
  parseRoleArn,
  partitionOf,
  type AccountId,
  type ConnectionId,
  type Region,
  type RoleArn,
} from '../identifiers';
import { checkTagKeys, checkTags } from './tags';
import {
  accountIdRule,
  clientTokenRule,
  connectionIdRule,
  environmentNameRule,
  regionRule,
  roleArnRule,
} from './values';
import { optional, required, Violations } from './violations';

type Optional<Value> = Value | null | undefined;

/** Roles as a caller names them; left out, or null, is "none given". */
export interface RolesInput {
  readonly roleArn?: Optional<string>;
  readonly componentRoleArn?: Optional<string>;
  readonly codebuildRoleArn?: Optional<string>;
}

export interface CreateConnectionInput extends RolesInput {
  readonly managementAccountId: string;
  readonly environmentName: string;
  readonly environmentAccountId?: Optional<string>;
  readonly region?: Optional<string>;
  readonly tags?: Optional<readonly Tag[]>;
  readonly clientToken?: Optional<string>;
}

export interface ConnectionIdInput {
  readonly id: string;
}

export interface UpdateConnectionInput extends ConnectionIdInput, RolesInput {}

export interface TagConnectionInput extends ConnectionIdInput {
  readonly tags: readonly Tag[];
}

export interface UntagConnectionInput extends ConnectionIdInput {
  readonly tagKeys: readonly string[];
}

/** A create that breaks no rule, with everything that was left to the service filled in. */
export interface CreateConnectionRequest extends ConnectionRoles {
  readonly managementAccountId: AccountId;
  readonly environmentAccountId: AccountId;
  readonly environmentName: string;
  readonly region: Region;
  readonly tags: readonly Tag[];
  readonly clientToken: string | null;
}

export interface UpdateConnectionRequest extends ConnectionRoles {
  readonly id: ConnectionId;
}

/** What fills in the members that a create leaves out. */
export interface CreateDefaults {
  readonly region: Region;
  /** The caller's own account, else the configured one; undefined where there is neither. */
  readonly environmentAccountId: AccountId | undefined;
}

/** @throws ProtonFailure `VALIDATION_ERROR` that names every broken rule */
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
  const namedAccountId = optional(
    violations,
    ['environmentAccountId'],
    input.environmentAccountId,
    accountIdRule,
  );
  const namedRegion = optional(violations, ['region'], input.region, regionRule);
  const region = namedRegion === null ? defaults.region : namedRegion;
  const roles = parseRoles(violations, input);
  const clientToken = optional(violations, ['clientToken'], input.clientToken, clientTokenRule);

  const environmentAccountId =
    namedAccountId === null ? (accountOfRoles(roles) ?? defaults.environmentAccountId) : namedAccountId;
  if (namedAccountId === null && environmentAccountId === undefined && !namesARole(input)) {
    violations.add(
      ['environmentAccountId'],
      'must be given: neither a role nor your permissions point to one account',
    );
  }
  checkRolesFit(violations, roles, { environmentAccountId, region });
  // Last, for there may be so many that a report ends with them.
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

/** @throws ProtonFailure `VALIDATION_ERROR` that names every broken rule */
export function parseUpdate(input: UpdateConnectionInput): UpdateConnectionRequest {
  const violations = new Violations();
  const id = required(violations, ['id'], input.id, connectionIdRule);
  const roles = parseRoles(violations, input);
  if (!namesARole(input)) violations.add([], `must name at least one of ${ROLE_MEMBERS.join(', ')}`);
  if (violations.any || id === undefined) throw violations.asFailure();
  return { id, ...roles };
}

/** @throws ProtonFailure `VALIDATION_ERROR` when the id is none */
export function parseId(input: ConnectionIdInput): ConnectionId {
  const violations = new Violations();
  const id = required(violations, ['id'], input.id, connectionIdRule);
  if (id === undefined) throw violations.asFailure();
  return id;
}

/** @throws ProtonFailure `VALIDATION_ERROR` that names every broken rule */
export function parseTag(input: TagConnectionInput): {
  readonly id: ConnectionId;
  readonly tags: readonly Tag[];
} {
  const violations = new Violations();
  const id = required(violations, ['id'], input.id, connectionIdRule);
  if (input.tags.length === 0) violations.add(['tags'], 'must have at least one entry');
  checkTags(violations, input.tags);
  if (violations.any || id === undefined) throw violations.asFailure();
  return { id, tags: input.tags };
}

/** @throws ProtonFailure `VALIDATION_ERROR` that names every broken rule */
export function parseUntag(input: UntagConnectionInput): {
  readonly id: ConnectionId;
  readonly tagKeys: ReadonlySet<string>;
} {
  const violations = new Violations();
  const id = required(violations, ['id'], input.id, connectionIdRule);
  if (input.tagKeys.length === 0) violations.add(['tagKeys'], 'must have at least one entry');
  checkTagKeys(violations, input.tagKeys);
  if (violations.any || id === undefined) throw violations.asFailure();
  return { id, tagKeys: new Set(input.tagKeys) };
}

/**
 * Adds a violation for every role that lies outside the environment account, or outside the Region's partition.
 * A part that is broken itself is passed over: its own rule has been reported.
 */
export function checkRolesFit(
  violations: Violations,
  roles: ConnectionRoles,
  {
    environmentAccountId,
    region,
  }: { environmentAccountId: AccountId | undefined; region: Region | undefined },
): void {
  for (const member of ROLE_MEMBERS) {
    const role = roles[member] === null ? undefined : parseRoleArn(roles[member]);
    if (!role) continue;
    if (environmentAccountId !== undefined && role.accountId !== environmentAccountId) {
      violations.add([member], `must be a role of the environment account, ${environmentAccountId}`);
    }
    if (region !== undefined && role.partition !== partitionOf(region)) {
      violations.add(
        [member],
        `must be a role of the partition ${partitionOf(region)}, in which ${region} lies`,
      );
    }
  }
}

/** A role that breaks its rule is reported and counts as none from there on. */
function parseRoles(violations: Violations, input: RolesInput): ConnectionRoles {
  const role = (member: (typeof ROLE_MEMBERS)[number]): RoleArn | null =>
    optional(violations, [member], input[member], roleArnRule) ?? null;
  return {
    roleArn: role('roleArn'),
    componentRoleArn: role('componentRoleArn'),
    codebuildRoleArn: role('codebuildRoleArn'),
  };
}

function namesARole(input: RolesInput): boolean {
  return ROLE_MEMBERS.some((member) => input[member] !== null && input[member] !== undefined);
}

function accountOfRoles(roles: ConnectionRoles): AccountId | undefined {
  for (const member of ROLE_MEMBERS) {
    if (roles[member] !== null) return parseRoleArn(roles[member])?.accountId;
  }
  return undefined;
}
