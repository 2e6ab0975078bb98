import { GraphQLError } from 'graphql';
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  ObjectType,
  Query,
  registerEnumType,
  Resolver,
  Root,
} from 'type-graphql';

import { ProtonFailure } from '../../proton/failure';
import {
  parseTrustPolicyInput,
  type TrustPolicyDefaults,
  type TrustPolicyInput,
  type TrustPolicyRequest,
} from '../../proton/trust-policy/request';
import { ConnectionRole, trustPolicies, type TrustPolicy } from '../../proton/trust-policy/trust-policies';
import { environmentNameRule } from '../../proton/validation/values';
import type { SubgraphContext } from '../context';
import { EnvironmentAccountConnection, type GraphQLConnection } from './environment-account-connection';

registerEnumType(ConnectionRole, {
  name: 'EnvironmentAccountConnectionRole',
  description: 'What an IAM role of a connection is for.',
  valuesConfig: {
    PROVISIONING: { description: '`roleArn`: provisions with CloudFormation.' },
    COMPONENT: { description: '`componentRoleArn`: provisions directly defined components.' },
    CODEBUILD: { description: '`codebuildRoleArn`: provisions with CodeBuild.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'The trust policy that a role of a connection needs.' })
export class EnvironmentAccountConnectionTrustPolicy implements TrustPolicy {
  @Field(() => ConnectionRole)
  readonly role!: ConnectionRole;

  @Field(() => String, {
    description: 'The policy document, as JSON. `npx proton-subgraph trust-policy` prints the same text.',
  })
  readonly document!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The external id that the provisioner passes when it assumes the role; null for CodeBuild.',
  })
  readonly externalId!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The policy, as JSON, that the provisioner's role needs in return; null for CodeBuild.",
  })
  readonly provisionerPolicy!: string | null;
}

@InputType({ description: 'The environment whose roles are to be assumed, and who assumes them.' })
export class EnvironmentAccountConnectionTrustPolicyInput implements TrustPolicyInput {
  @Field(() => ID)
  readonly managementAccountId!: string;

  @Field(() => ID)
  readonly environmentAccountId!: string;

  @Field(() => String)
  readonly environmentName!: string;

  @Field(() => String, { nullable: true, description: 'The configured one when omitted.' })
  readonly region?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Path and name of the role in the management account that provisions, as in `ci/proton-provisioner`; the configured one when omitted. Without either, every role and user of that account may assume the role, if a policy of that account allows it.',
  })
  readonly provisionerRole?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The CodeBuild project in the environment account; every project there when omitted.',
  })
  readonly codebuildProject?: string | null;
}

@Resolver(() => EnvironmentAccountConnection)
export class TrustPolicyResolver {
  @Query(() => [EnvironmentAccountConnectionTrustPolicy], {
    nullable: true,
    description: 'The trust policies that the roles of a connection need, before it is requested.',
  })
  environmentAccountConnectionTrustPolicies(
    @Arg('input', () => EnvironmentAccountConnectionTrustPolicyInput)
    input: EnvironmentAccountConnectionTrustPolicyInput,
    @Ctx() { trustPolicyDefaults }: SubgraphContext,
  ): readonly TrustPolicy[] {
    return trustPolicies(parseInput(input, trustPolicyDefaults));
  }

  @FieldResolver(() => [EnvironmentAccountConnectionTrustPolicy], {
    nullable: true,
    description:
      'The trust policies that the roles of the connection need: those of the roles that it has. `provisionerRole`: path and name of the role in the management account that provisions; the configured one when omitted. `codebuildProject`: the project in the environment account; every project there when omitted.',
  })
  async trustPolicies(
    @Root() { connection }: GraphQLConnection,
    @Arg('provisionerRole', () => String, { nullable: true }) provisionerRole: string | null | undefined,
    @Arg('codebuildProject', () => String, { nullable: true }) codebuildProject: string | null | undefined,
    @Ctx() context: SubgraphContext,
  ): Promise<readonly TrustPolicy[] | null> {
    const { managementAccountId, environmentAccountId, environmentName, region } = connection;
    // A remote Proton may have other rules for names. Then there is no external id that is sure to mean this environment alone.
    if (!('value' in environmentNameRule(environmentName))) return null;
    const request = parseInput(
      {
        managementAccountId,
        environmentAccountId,
        environmentName,
        region,
        provisionerRole,
        codebuildProject,
      },
      context.trustPolicyDefaults,
    );
    const { roleArn, componentRoleArn, codebuildRoleArn } = connection;
    return trustPolicies(request, {
      roleArn,
      componentRoleArn,
      codebuildRoleArn:
        codebuildRoleArn === undefined
          ? await context.loaders.codebuildRole.load(connection)
          : codebuildRoleArn,
    });
  }
}

/** @throws GraphQLError that lists the broken rules for forms, which show each one at its field */
function parseInput(input: TrustPolicyInput, defaults: TrustPolicyDefaults): TrustPolicyRequest {
  try {
    return parseTrustPolicyInput(input, defaults);
  } catch (error) {
    if (!(error instanceof ProtonFailure)) throw error;
    const { message, violations } = error;
    throw new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT', violations } });
  }
}
