import { Field, ID, InputType } from 'type-graphql';

import type { Tag } from '../../proton/connection';
import type {
  ConnectionIdInput,
  CreateConnectionInput,
  TagConnectionInput,
  UntagConnectionInput,
  UpdateConnectionInput,
} from '../../proton/validation/inputs';

/**
 * Ids and ARNs are plain strings, because the service validates them and reports all violations at once in the payload. A custom scalar
 * would stop at the first violation with a GraphQL error.
 */

const ROLE_ARN = 'The ARN of an IAM role in the environment account';

@InputType({ description: 'A label for a connection.' })
export class EnvironmentAccountConnectionTagInput implements Tag {
  @Field(() => String, {
    description: '1 to 128 letters, digits, spaces and `* _ . : / = + - @`; it must not start with `aws:`.',
  })
  readonly key!: string;

  @Field(() => String, { description: '0 to 256 of the same characters.' })
  readonly value!: string;
}

@InputType({
  description:
    'Describes the connection to request. The two required fields are enough when the server has a default account.',
})
export class CreateEnvironmentAccountConnectionInput implements CreateConnectionInput {
  @Field(() => ID, { description: 'The account that accepts or rejects the connection: 12 digits.' })
  readonly managementAccountId!: string;

  @Field(() => String, {
    description:
      'The environment to provision: 1 to 100 letters, digits, `_` and `-`, starting with a letter or digit.',
  })
  readonly environmentName!: string;

  @Field(() => ID, {
    nullable: true,
    description:
      "The account that requests the connection. When omitted: the account of the role ARNs, else the caller's own, else the configured default.",
  })
  readonly environmentAccountId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The Region of the connection; the configured default when omitted.',
  })
  readonly region?: string | null;

  @Field(() => String, { nullable: true, description: `${ROLE_ARN}, to provision with CloudFormation.` })
  readonly roleArn?: string | null;

  @Field(() => String, {
    nullable: true,
    description: `${ROLE_ARN}, to provision directly defined components.`,
  })
  readonly componentRoleArn?: string | null;

  @Field(() => String, { nullable: true, description: `${ROLE_ARN}, to provision with CodeBuild.` })
  readonly codebuildRoleArn?: string | null;

  @Field(() => [EnvironmentAccountConnectionTagInput], { nullable: true, description: 'At most 50.' })
  readonly tags?: readonly EnvironmentAccountConnectionTagInput[] | null;

  @Field(() => String, {
    nullable: true,
    description:
      'For 8 hours, another call with the same token returns the same connection and creates nothing.',
  })
  readonly clientToken?: string | null;
}

@InputType({ description: 'Sets at least one role. Omitted roles do not change.' })
export class UpdateEnvironmentAccountConnectionInput implements UpdateConnectionInput {
  @Field(() => ID)
  readonly id!: string;

  @Field(() => String, { nullable: true, description: `${ROLE_ARN}, to provision with CloudFormation.` })
  readonly roleArn?: string | null;

  @Field(() => String, {
    nullable: true,
    description: `${ROLE_ARN}, to provision directly defined components.`,
  })
  readonly componentRoleArn?: string | null;

  @Field(() => String, { nullable: true, description: `${ROLE_ARN}, to provision with CodeBuild.` })
  readonly codebuildRoleArn?: string | null;
}

@InputType({ description: 'Names the connection to accept.' })
export class AcceptEnvironmentAccountConnectionInput implements ConnectionIdInput {
  @Field(() => ID)
  readonly id!: string;
}

@InputType({ description: 'Names the connection to reject.' })
export class RejectEnvironmentAccountConnectionInput implements ConnectionIdInput {
  @Field(() => ID)
  readonly id!: string;
}

@InputType({ description: 'Names the connection to delete.' })
export class DeleteEnvironmentAccountConnectionInput implements ConnectionIdInput {
  @Field(() => ID)
  readonly id!: string;
}

@InputType({ description: 'Names the connection and the tags to set.' })
export class TagEnvironmentAccountConnectionInput implements TagConnectionInput {
  @Field(() => ID)
  readonly id!: string;

  @Field(() => [EnvironmentAccountConnectionTagInput], {
    description: 'At least one, without repeated keys. A connection has at most 50 tags.',
  })
  readonly tags!: readonly EnvironmentAccountConnectionTagInput[];
}

@InputType({ description: 'Names the connection and the keys of the tags to remove.' })
export class UntagEnvironmentAccountConnectionInput implements UntagConnectionInput {
  @Field(() => ID)
  readonly id!: string;

  @Field(() => [String], { description: 'At least one. A repeated key counts once.' })
  readonly tagKeys!: readonly string[];
}
