import { ROLE_MEMBERS, type ConnectionRoles } from '../connection';
import { parseRoleArn, partitionOf, type AccountId, type Region, type RoleArn } from '../identifiers';
import type { RolesInput } from './inputs';
import { roleArnRule } from './values';
import { optional, type Violations } from './violations';

/**
 * Adds a violation for every role that belongs to another account than the environment account, or to another partition than the
 * Region. Skips the check if the account or the Region is undefined because it broke its own rule.
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

/** Validates the ARNs of roles. A malformed ARN adds a violation and becomes null. */
export function parseRoles(violations: Violations, input: RolesInput): ConnectionRoles {
  const role = (member: (typeof ROLE_MEMBERS)[number]): RoleArn | null =>
    optional(violations, [member], input[member], roleArnRule) ?? null;
  return {
    roleArn: role('roleArn'),
    componentRoleArn: role('componentRoleArn'),
    codebuildRoleArn: role('codebuildRoleArn'),
  };
}

/** Validates the roles of an update, which must name at least one. */
export function parseRolesToSet(violations: Violations, input: RolesInput): ConnectionRoles {
  const roles = parseRoles(violations, input);
  if (!hasRole(input)) violations.add([], `must name at least one of ${ROLE_MEMBERS.join(', ')}`);
  return roles;
}

/** Whether the input names any role, valid or not. */
export function hasRole(input: RolesInput): boolean {
  return ROLE_MEMBERS.some((member) => input[member] !== null && input[member] !== undefined);
}

/** The account of the first role that is set. */
export function accountOfRoles(roles: ConnectionRoles): AccountId | undefined {
  for (const member of ROLE_MEMBERS) {
    if (roles[member] !== null) return parseRoleArn(roles[member])?.accountId;
  }
  return undefined;
}
