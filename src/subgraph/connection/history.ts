import {
  Args,
  Ctx,
  Directive,
  Field,
  FieldResolver,
  ID,
  ObjectType,
  registerEnumType,
  Resolver,
  Root,
} from 'type-graphql';

import {
  ConnectionEventType,
  ConnectionStatus,
  type ConnectionEvent,
  type EpochMilliseconds,
} from '../../proton/connection';
import type { SubgraphContext } from '../context';
import { PageArgs, PageInfo, SizedByFirst, toGraphQLPage } from '../pagination';
import {
  DateTime,
  EnvironmentAccountConnection,
  type GraphQLConnection,
} from './environment-account-connection';

registerEnumType(ConnectionEventType, {
  name: 'EnvironmentAccountConnectionEventType',
  description: 'What changed a connection.',
  valuesConfig: {
    CREATED: { description: 'The environment account requested it.' },
    ACCEPTED: { description: 'The management account accepted it.' },
    REJECTED: { description: 'The management account rejected or withdrew it.' },
    UPDATED: { description: 'Its roles were changed.' },
    TAGGED: { description: 'Tags were added or changed.' },
    UNTAGGED: { description: 'Tags were removed.' },
    DELETED: { description: 'The environment account deleted it.' },
    IMPORTED: { description: 'It was imported from another system, in its state there.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'One write that changed a connection.' })
export class EnvironmentAccountConnectionEvent {
  @Field(() => ID)
  readonly id!: string;

  @Field(() => ConnectionEventType)
  readonly type!: ConnectionEventType;

  @Field(() => ConnectionStatus, {
    nullable: true,
    description: 'The status after the write; null after a deletion.',
  })
  readonly status!: ConnectionStatus | null;

  @Field(() => ConnectionStatus, {
    nullable: true,
    description: 'The status before the write; null when the connection did not exist.',
  })
  readonly previousStatus!: ConnectionStatus | null;

  @Field(() => String, {
    description:
      "Who made the change: the subject of the caller's token, or the account that signed the call.",
  })
  // This may name a person. A contract variant of the supergraph can exclude the tag for external clients.
  @Directive('@tag(name: "internal")')
  readonly actor!: string;

  @Field(() => DateTime)
  readonly occurredAt!: EpochMilliseconds;
}

@ObjectType({ simpleResolvers: true, description: 'An event in a history, with its cursor.' })
export class EnvironmentAccountConnectionEventEdge {
  @Field(() => String)
  readonly cursor!: string;

  @Field(() => EnvironmentAccountConnectionEvent)
  readonly node!: EnvironmentAccountConnectionEvent;
}

@ObjectType({ simpleResolvers: true, description: "One page of a connection's history." })
export class EnvironmentAccountConnectionEventConnection {
  @Field(() => [EnvironmentAccountConnectionEventEdge])
  readonly edges!: readonly EnvironmentAccountConnectionEventEdge[];

  @Field(() => [EnvironmentAccountConnectionEvent])
  readonly nodes!: readonly EnvironmentAccountConnectionEvent[];

  @Field(() => PageInfo)
  readonly pageInfo!: PageInfo;
}

@Resolver(() => EnvironmentAccountConnection)
export class ConnectionHistoryResolver {
  @FieldResolver(() => EnvironmentAccountConnectionEventConnection, {
    nullable: true,
    description:
      'The changes of the connection, newest first: who changed what, and when. Null when the back end keeps no history.',
  })
  @SizedByFirst()
  async history(
    @Root() { connection }: GraphQLConnection,
    @Args(() => PageArgs) { first, after }: PageArgs,
    @Ctx() { loaders }: SubgraphContext,
  ): Promise<EnvironmentAccountConnectionEventConnection | null> {
    const page = await loaders.history.load({ connection, first, after });
    return page && toGraphQLPage(page, (event: ConnectionEvent) => event);
  }
}
