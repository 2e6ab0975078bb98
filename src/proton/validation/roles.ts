import { ROLE_MEMBERS, type ConnectionRoles } from '../connection';
import { parseRoleArn, partitionOf, type AccountId, type Region, type RoleArn } from '../identifiers';
import type { RolesInput } from './inputs';
import { roleArnRule } from './values';
import { optional, type Violations } from './violations';

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
export function parseRoles(violations: Violations, input: RolesInput): ConnectionRoles {
  const role = (member: (typeof ROLE_MEMBERS)[number]): RoleArn | null =>
    optional(violations, [member], input[member], roleArnRule) ?? null;
  return {
    roleArn: role('roleArn'),
    componentRoleArn: role('componentRoleArn'),
    codebuildRoleArn: role('codebuildRoleArn'),
  };
}

/** Roles that are to be set: there must be one. */
export function parseRolesToSet(violations: Violations, input: RolesInput): ConnectionRoles {
  const roles = parseRoles(violations, input);
  if (!namesARole(input)) violations.add([], `must name at least one of ${ROLE_MEMBERS.join(', ')}`);
  return roles;
}

export function namesARole(input: RolesInput): boolean {
  return ROLE_MEMBERS.some((member) => input[member] !== null && input[member] !== undefined);
}

export function accountOfRoles(roles: ConnectionRoles): AccountId | undefined {
  for (const member of ROLE_MEMBERS) {
    if (roles[member] !== null) return parseRoleArn(roles[member])?.accountId;
  }
  return undefined;
}
