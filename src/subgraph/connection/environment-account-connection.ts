import { Directive, Field, ID, ObjectType, registerEnumType } from 'type-graphql';

import {
  ConnectionStatus,
  type ConnectionView,
  type EpochMilliseconds,
  type Tag,
} from '../../proton/connection';
import { connectionArn } from '../../proton/identifiers';
import { AwsAccount } from '../account/aws-account';
import type { SubgraphContext } from '../context';
import { DateTime } from '../date-time';

registerEnumType(ConnectionStatus, {
  name: 'EnvironmentAccountConnectionStatus',
  description: 'Where a connection stands.',
  valuesConfig: {
    PENDING: { description: 'Asked for; the management account has not answered.' },
    CONNECTED: { description: 'Accepted: the management account may provision.' },
    REJECTED: { description: 'Rejected or withdrawn, for good.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'A label on a connection.' })
export class EnvironmentAccountConnectionTag {
  @Field(() => String)
  readonly key!: string;

  @Field(() => String)
  readonly value!: string;
}

/** A field's value, or a function that GraphQL's default resolver calls for it when the field is selected. */
type AtOnceOrLater<Value> = Value | ((args: unknown, context: SubgraphContext) => Promise<Value>);

@ObjectType({
  simpleResolvers: true,
  description:
    'A standing permission: an environment account lets a management account provision one environment in it, through the roles named here.',
})
@Directive('@key(fields: "id")')
@Directive('@key(fields: "arn")')
export class EnvironmentAccountConnection {
  @Field(() => ID, { description: 'A lower-case UUID.' })
  readonly id!: string;

  @Field(() => ID, {
    description: '`arn:PARTITION:proton:REGION:ENVIRONMENT_ACCOUNT:environment-account-connection/ID`',
  })
  readonly arn!: string;

  @Field(() => String, { description: 'The Region that the connection lives in.' })
  readonly region!: string;

  @Field(() => ConnectionStatus)
  readonly status!: ConnectionStatus;

  @Field(() => String, { description: 'The name of the environment that may be provisioned.' })
  readonly environmentName!: string;

  @Field(() => ID, { description: 'The account that provisions.' })
  readonly managementAccountId!: string;

  @Field(() => AwsAccount, { description: 'The account that provisions.' })
  readonly managementAccount!: AwsAccount;

  @Field(() => ID, { description: 'The account that is provisioned.' })
  readonly environmentAccountId!: string;

  @Field(() => AwsAccount, { description: 'The account that is provisioned.' })
  readonly environmentAccount!: AwsAccount;

  @Field(() => String, { nullable: true, description: 'The IAM role that provisions with CloudFormation.' })
  readonly roleArn!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The IAM role that provisions directly defined components.',
  })
  readonly componentRoleArn!: string | null;

  @Field(() => String, { nullable: true, description: 'The IAM role that provisions with CodeBuild.' })
  readonly codebuildRoleArn!: AtOnceOrLater<string | null>;

  @Field(() => DateTime, { description: 'When the connection was created, which is when it was requested.' })
  readonly createdAt!: EpochMilliseconds;

  @Field(() => DateTime, {
    description: 'When the connection was requested, under the name that AWS Proton gives it.',
  })
  readonly requestedAt!: EpochMilliseconds;

  @Field(() => DateTime, {
    description: 'When it was last accepted, rejected or updated; tags do not count.',
  })
  readonly lastModifiedAt!: EpochMilliseconds;

  @Field(() => [EnvironmentAccountConnectionTag], { nullable: true, description: 'At most 50.' })
  readonly tags!: AtOnceOrLater<readonly Tag[] | null>;
}

/** A connection as the schema shows it. The connection itself stays at hand for the fields that ask the service for more. */
export interface ShownConnection extends EnvironmentAccountConnection {
  readonly connection: ConnectionView;
}

/** Puts a connection into the shape of its GraphQL type. */
export function showConnection(connection: ConnectionView): ShownConnection {
  const { id, region, status, environmentName, managementAccountId, environmentAccountId } = connection;
  const { roleArn, componentRoleArn, requestedAt, lastModifiedAt } = connection;
  const { codebuildRoleArn, tags } = connection;
  return {
    connection,
    id,
    arn: connectionArn(connection),
    region,
    status,
    environmentName,
    managementAccountId,
    managementAccount: { id: managementAccountId },
    environmentAccountId,
    environmentAccount: { id: environmentAccountId },
    roleArn,
    componentRoleArn,
    codebuildRoleArn:
      codebuildRoleArn === undefined
        ? (_args, { loaders }) => loaders.codebuildRole.load(connection)
        : codebuildRoleArn,
    createdAt: requestedAt,
    requestedAt,
    lastModifiedAt,
    tags: tags ?? ((_args, { loaders }) => loaders.tags.load(connection)),
  };
}
