import type { ConnectionRoles } from '../connection';
import { partitionOf, type RoleArn } from '../identifiers';
import type { TrustPolicyRequest } from './request';

/** The roles of a connection by what they are for. */
export const ConnectionRole = {
  PROVISIONING: 'PROVISIONING',
  COMPONENT: 'COMPONENT',
  CODEBUILD: 'CODEBUILD',
} as const;
export type ConnectionRole = keyof typeof ConnectionRole;

/** The member of a connection that has the ARN of each role. */
export const MEMBER_OF_ROLE = {
  PROVISIONING: 'roleArn',
  COMPONENT: 'componentRoleArn',
  CODEBUILD: 'codebuildRoleArn',
} as const satisfies Record<ConnectionRole, keyof ConnectionRoles>;

export interface TrustPolicy {
  readonly role: ConnectionRole;
  /** The trust policy of the role, as JSON. */
  readonly document: string;
  /** What the provisioner passes as `ExternalId` when it assumes the role; null for CodeBuild, which passes none. */
  readonly externalId: string | null;
  /** The policy, as JSON, that the provisioner's role needs to assume the role; null for CodeBuild. */
  readonly provisionerPolicy: string | null;
}

/**
 * The trust policies of the roles of one environment, in the order of `ConnectionRole`.
 *
 * Since nothing acts as `proton.amazonaws.com` any more, the role is assumed by a pipeline in the management account. It takes the
 * role's ARN from what the environment account wrote. So the policy binds the role to one environment, by the environment's ARN as
 * external id: a request for another environment that names this role is of no use.
 * @param roles the ARNs of the connection's roles: only those that are set have a policy; undefined before they are known
 */
export function trustPolicies(request: TrustPolicyRequest, roles?: ConnectionRoles): readonly TrustPolicy[] {
  return Object.values(ConnectionRole).flatMap((role) => {
    const arn = roles?.[MEMBER_OF_ROLE[role]];
    if (arn === null) return [];
    return [role === 'CODEBUILD' ? codebuildPolicy(request) : provisionerPolicies(request, role, arn)];
  });
}

/** The ARN that AWS Proton gave the environment. It is known before the connection is requested, and stays after a rejection. */
function environmentArn({ region, managementAccountId, environmentName }: TrustPolicyRequest): string {
  return `arn:${partitionOf(region)}:proton:${region}:${managementAccountId}:environment/${environmentName}`;
}

function provisionerPolicies(
  request: TrustPolicyRequest,
  role: Exclude<ConnectionRole, 'CODEBUILD'>,
  arn: RoleArn | undefined,
): TrustPolicy {
  const { region, managementAccountId, environmentAccountId, provisionerRole } = request;
  const iam = (account: string) => `arn:${partitionOf(region)}:iam::${account}`;
  const externalId = environmentArn(request);
  const isEnvironment = { StringEquals: { 'sts:ExternalId': externalId } };
  return {
    role,
    document: policy({
      Sid: 'ManagementAccountProvisions',
      Effect: 'Allow',
      // Not the role itself: IAM would keep its unique id, so the policy would break when the role is created again.
      Principal: { AWS: `${iam(managementAccountId)}:root` },
      Action: 'sts:AssumeRole',
      Condition: {
        ...isEnvironment,
        ...(provisionerRole !== null && {
          ArnEquals: { 'aws:PrincipalArn': `${iam(managementAccountId)}:role/${provisionerRole}` },
        }),
      },
    }),
    externalId,
    provisionerPolicy: policy({
      Sid: 'ProvisionInEnvironmentAccount',
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      // Until the role is known, the external id is what limits it.
      Resource: arn ?? `${iam(environmentAccountId)}:role/*`,
      Condition: isEnvironment,
    }),
  };
}

/** CodeBuild passes the project for which it assumes the role. AWS's documentation names Proton's environment, which it never passes. */
function codebuildPolicy({
  region,
  environmentAccountId,
  codebuildProject,
}: TrustPolicyRequest): TrustPolicy {
  const project = codebuildProject ?? '*';
  return {
    role: 'CODEBUILD',
    document: policy({
      Sid: 'CodeBuildProvisions',
      Effect: 'Allow',
      Principal: { Service: 'codebuild.amazonaws.com' },
      Action: 'sts:AssumeRole',
      Condition: {
        StringEquals: { 'aws:SourceAccount': environmentAccountId },
        ArnLike: {
          'aws:SourceArn': `arn:${partitionOf(region)}:codebuild:${region}:${environmentAccountId}:project/${project}`,
        },
      },
    }),
    externalId: null,
    provisionerPolicy: null,
  };
}

function policy(statement: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] }, null, 2);
}
