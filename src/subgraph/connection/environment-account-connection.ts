import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTimeISO } from 'graphql-scalars';
import { Directive, Field, ID, ObjectType, registerEnumType } from 'type-graphql';

import {
  ConnectionStatus,
  type ConnectionView,
  type EpochMilliseconds,
  type Tag,
} from '../../proton/connection';
import { connectionArn, type ConnectionReference } from '../../proton/identifiers';
import { AwsAccount } from '../account/aws-account';
import type { SubgraphContext } from '../context';

/** The library's scalar that serializes to strings, with the name and the specification that the schema declares. */
export const DateTime = new GraphQLScalarType({
  ...GraphQLDateTimeISO.toConfig(),
  name: 'DateTime',
  description: 'An instant, RFC 3339, in UTC.',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
});

registerEnumType(ConnectionStatus, {
  name: 'EnvironmentAccountConnectionStatus',
  description: 'The status of a connection.',
  valuesConfig: {
    PENDING: { description: 'Requested; the management account has not accepted or rejected it yet.' },
    CONNECTED: { description: 'Accepted: the management account may provision.' },
    REJECTED: { description: 'Rejected or withdrawn. This is final.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'A label on a connection.' })
export class EnvironmentAccountConnectionTag {
  @Field(() => String)
  readonly key!: string;

  @Field(() => String)
  readonly value!: string;
}

/** A field's value, or a function that GraphQL's default resolver calls when the field is selected. */
type ValueOrResolver<Value> = Value | ((args: unknown, context: SubgraphContext) => Promise<Value>);

@ObjectType({
  simpleResolvers: true,
  description:
    'A permission: an environment account lets a management account provision one environment in it, through the IAM roles below.',
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

  @Field(() => String, { description: 'The Region of the connection.' })
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
  readonly codebuildRoleArn!: ValueOrResolver<string | null>;

  @Field(() => DateTime, { description: 'When the connection was created; the same as `requestedAt`.' })
  readonly createdAt!: EpochMilliseconds;

  @Field(() => DateTime, {
    description: 'When the connection was requested. The name that AWS Proton uses.',
  })
  readonly requestedAt!: EpochMilliseconds;

  @Field(() => DateTime, {
    description: 'When the connection was last accepted, rejected or updated. Changes of tags do not count.',
  })
  readonly lastModifiedAt!: EpochMilliseconds;

  @Field(() => [EnvironmentAccountConnectionTag], { nullable: true, description: 'At most 50.' })
  readonly tags!: ValueOrResolver<readonly Tag[] | null>;
}

/** The source of a connection's fields. Fields that read more from the service need the connection itself. */
export interface GraphQLConnection extends EnvironmentAccountConnection {
  readonly connection: ConnectionView;
  /** Whether the connection has been deleted, and this is its last state. */
  readonly isDeleted?: boolean;
}

export function toGraphQLConnection(connection: ConnectionView): GraphQLConnection {
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

/** A reference from another subgraph, by one of the keys or both. */
export interface Representation {
  readonly __typename?: unknown;
  readonly id?: unknown;
  readonly arn?: unknown;
}

/** Undefined for a representation without a usable key. */
export function referenceOf({ id, arn }: Representation): ConnectionReference | undefined {
  if (typeof id === 'string') return { id };
  return typeof arn === 'string' ? { arn } : undefined;
}

/** A gateway may send both keys. They must name the same connection. */
export function isNamedBy({ id, arn }: Representation, connection: ConnectionView): boolean {
  return (
    (id ?? connection.id) === connection.id &&
    (arn === undefined || arn === null || arn === connectionArn(connection))
  );
}

/**
 * Resolves a representation by its id or its ARN. The loader batches all representations of an `_entities` call into one read. An
 * unknown or invisible connection is null, because an error would fail the gateway's whole query.
 */
export async function resolveConnectionReference(
  representation: Representation,
  { loaders }: SubgraphContext,
): Promise<EnvironmentAccountConnection | null> {
  const reference = referenceOf(representation);
  const connection = reference && (await loaders.connection.load(reference));
  return connection && isNamedBy(representation, connection) ? toGraphQLConnection(connection) : null;
}
