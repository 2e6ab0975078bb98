import type { AccountId, Region } from '../identifiers';
import { accountIdRule, environmentNameRule, regionRule } from '../validation/values';
import { optional, required, type Rule, Violations } from '../validation/violations';

/** What the trust policies of one environment are made from. */
export interface TrustPolicyRequest {
  readonly managementAccountId: AccountId;
  readonly environmentAccountId: AccountId;
  readonly environmentName: string;
  readonly region: Region;
  /** Path and name of the role in the management account that provisions; null admits every role and user of that account. */
  readonly provisionerRole: string | null;
  /** The name of a CodeBuild project in the environment account; null admits every project there. */
  readonly codebuildProject: string | null;
}

/** The same, as a caller sends it. */
export interface TrustPolicyInput {
  readonly managementAccountId: string | undefined;
  readonly environmentAccountId: string | undefined;
  readonly environmentName: string | undefined;
  readonly region?: string | null | undefined;
  readonly provisionerRole?: string | null | undefined;
  readonly codebuildProject?: string | null | undefined;
}

export interface TrustPolicyDefaults {
  readonly region: Region;
  readonly provisionerRole: string | null;
}

const PROVISIONER_ROLE = /^(?:[A-Za-z0-9_+=,.@-]{1,512}\/){0,16}[A-Za-z0-9_+=,.@-]{1,64}$/;
const CODEBUILD_PROJECT = /^[A-Za-z0-9][A-Za-z0-9_-]{1,149}$/;
/** The longest path of a role that IAM allows, and the longest name. */
const PROVISIONER_ROLE_LENGTH = 512 + 64;

export const PROVISIONER_ROLE_MESSAGE =
  'must be the path and name of a role in the management account, as in proton-provisioner or ci/proton-provisioner, without wildcards and without its ARN';

export function isProvisionerRole(value: string): boolean {
  return value.length <= PROVISIONER_ROLE_LENGTH && PROVISIONER_ROLE.test(value);
}

/**
 * Letters, digits and the other characters of IAM's names only: in a policy `*` and `?` are wildcards, also for `ArnEquals`, and `${`
 * begins a variable.
 */
const provisionerRoleRule: Rule<string> = (value) =>
  isProvisionerRole(value) ? { value } : { messages: [PROVISIONER_ROLE_MESSAGE] };

const codebuildProjectRule: Rule<string> = (value) =>
  CODEBUILD_PROJECT.test(value)
    ? { value }
    : {
        messages: [
          'must be the name of a CodeBuild project, 2 to 150 letters, digits, "_" and "-", without wildcards and without its ARN',
        ],
      };

/** @throws ProtonFailure `VALIDATION_ERROR` that lists every broken rule */
export function parseTrustPolicyInput(
  input: TrustPolicyInput,
  defaults: TrustPolicyDefaults,
): TrustPolicyRequest {
  const violations = new Violations();
  const account = (member: 'managementAccountId' | 'environmentAccountId') =>
    required(violations, [member], input[member], accountIdRule);
  const managementAccountId = account('managementAccountId');
  const environmentAccountId = account('environmentAccountId');
  const environmentName = required(
    violations,
    ['environmentName'],
    input.environmentName,
    environmentNameRule,
  );
  const region = optional(violations, ['region'], input.region, regionRule);
  const provisionerRole = optional(
    violations,
    ['provisionerRole'],
    input.provisionerRole,
    provisionerRoleRule,
  );
  const codebuildProject = optional(
    violations,
    ['codebuildProject'],
    input.codebuildProject,
    codebuildProjectRule,
  );
  if (
    violations.any ||
    managementAccountId === undefined ||
    environmentAccountId === undefined ||
    environmentName === undefined ||
    region === undefined ||
    provisionerRole === undefined ||
    codebuildProject === undefined
  ) {
    throw violations.asFailure();
  }
  return {
    managementAccountId,
    environmentAccountId,
    environmentName,
    region: region ?? defaults.region,
    provisionerRole: provisionerRole ?? defaults.provisionerRole,
    codebuildProject,
  };
}
