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
 * The inputs are weak on purpose: ids and ARNs are strings, judged by the service, which reports every broken rule at once.
 * A scalar would stop at the first, and answer with a GraphQL error where a payload is promised.
 */

const ROLE_ARN = 'The ARN of an IAM role in the environment account';

@InputType({ description: 'A label to put on a connection.' })
export class EnvironmentAccountConnectionTagInput implements Tag {
  @Field(() => String, {
    description: '1 to 128 letters, digits, spaces and `* _ . : / = + - @`; not beginning with `aws:`.',
  })
  readonly key!: string;

  @Field(() => String, { description: '0 to 256 of the same characters.' })
  readonly value!: string;
}

@InputType({
  description:
    'What a connection is asked for with. The two required members are enough where an account is configured.',
})
export class CreateEnvironmentAccountConnectionInput implements CreateConnectionInput {
  @Field(() => ID, { description: 'The account that is asked: 12 digits.' })
  readonly managementAccountId!: string;

  @Field(() => String, {
    description:
      'The environment to be provisioned: 1 to 100 letters, digits, `_` and `-`, beginning with a letter or digit.',
  })
  readonly environmentName!: string;

  @Field(() => ID, {
    nullable: true,
    description:
      "The account that asks. Left out, it is the account of the role ARNs, else the caller's own, else the configured default.",
  })
  readonly environmentAccountId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The Region the connection lives in; the configured one when left out.',
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
    description: 'Repeating a call with the same token has no second effect for 8 hours.',
  })
  readonly clientToken?: string | null;
}

@InputType({ description: 'Names at least one role; those left out stay as they are.' })
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

@InputType({ description: 'Names the connection and the tags to put on it.' })
export class TagEnvironmentAccountConnectionInput implements TagConnectionInput {
  @Field(() => ID)
  readonly id!: string;

  @Field(() => [EnvironmentAccountConnectionTagInput], {
    description: 'At least one, no key twice; the connection holds 50 at the most.',
  })
  readonly tags!: readonly EnvironmentAccountConnectionTagInput[];
}

@InputType({ description: 'Names the connection and the keys of the tags to take off it.' })
export class UntagEnvironmentAccountConnectionInput implements UntagConnectionInput {
  @Field(() => ID)
  readonly id!: string;

  @Field(() => [String], { description: 'At least one; a key that appears twice counts once.' })
  readonly tagKeys!: readonly string[];
}
