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
import { DateTime } from '../date-time';
import { PageArgs, SizedByFirst } from '../pagination/page-args';
import { edgesOf, PageInfo } from '../pagination/page-info';
import { EnvironmentAccountConnection, type ShownConnection } from './environment-account-connection';

registerEnumType(ConnectionEventType, {
  name: 'EnvironmentAccountConnectionEventType',
  description: 'What was done to a connection.',
  valuesConfig: {
    CREATED: { description: 'The environment account asked for it.' },
    ACCEPTED: { description: 'The management account accepted it.' },
    REJECTED: { description: 'The management account rejected or withdrew it.' },
    UPDATED: { description: 'Its roles were changed.' },
    TAGGED: { description: 'Tags were added or took another value.' },
    UNTAGGED: { description: 'Tags were removed.' },
    DELETED: { description: 'The environment account deleted it.' },
    IMPORTED: { description: 'It was taken over from elsewhere, as it stood there.' },
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
    description: 'The status after the write; null once it is deleted.',
  })
  readonly status!: ConnectionStatus | null;

  @Field(() => ConnectionStatus, {
    nullable: true,
    description: 'The status before the write; null where there was none.',
  })
  readonly previousStatus!: ConnectionStatus | null;

  @Field(() => String, {
    description: "Who did it: the caller's subject, or the account whose credentials signed the call.",
  })
  // It may name a person. The tag lets a contract variant of the supergraph leave it out for an outside audience.
  @Directive('@tag(name: "internal")')
  readonly actor!: string;

  @Field(() => DateTime)
  readonly occurredAt!: EpochMilliseconds;
}

@ObjectType({ simpleResolvers: true, description: 'An event in a history, with its place there.' })
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
      'What happened to the connection, newest first: who changed what, and when. Null where the back end keeps no history.',
  })
  @SizedByFirst()
  async history(
    @Root() { connection }: ShownConnection,
    @Args(() => PageArgs) { first, after }: PageArgs,
    @Ctx() { loaders }: SubgraphContext,
  ): Promise<EnvironmentAccountConnectionEventConnection | null> {
    const page = await loaders.history.load({ connection, first, after });
    return page && edgesOf(page, (event: ConnectionEvent) => event);
  }
}
