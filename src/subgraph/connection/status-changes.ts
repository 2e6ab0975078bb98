import { Arg, Field, ObjectType, Resolver, Root, Subscription } from 'type-graphql';

import { ConnectionStatus, type EpochMilliseconds } from '../../proton/connection';
import type { ConnectionStatusChange } from '../../proton/status-changes';
import { EnvironmentAccountConnectionFilter } from './connection-page';
import {
  DateTime,
  EnvironmentAccountConnection,
  toGraphQLConnection,
} from './environment-account-connection';

@ObjectType({ simpleResolvers: true, description: 'A change of the status of a connection.' })
export class EnvironmentAccountConnectionStatusChange {
  @Field(() => EnvironmentAccountConnection, {
    description: 'The connection right after the change; right before it, if the change is a deletion.',
  })
  readonly connection!: EnvironmentAccountConnection;

  @Field(() => ConnectionStatus, {
    nullable: true,
    description: 'The status before the change; null when the connection was created.',
  })
  readonly previousStatus!: ConnectionStatus | null;

  @Field(() => ConnectionStatus, {
    nullable: true,
    description: 'The status after the change; null when the connection was deleted.',
  })
  readonly status!: ConnectionStatus | null;

  @Field(() => DateTime)
  readonly occurredAt!: EpochMilliseconds;
}

/** The arguments of the subscription. */
export interface StatusChangedArgs {
  readonly filter?: EnvironmentAccountConnectionFilter | null;
}

@Resolver()
export class ConnectionSubscriptions {
  @Subscription(() => EnvironmentAccountConnectionStatusChange, {
    nullable: true,
    description:
      'Every change of status among the connections that the caller can see and that match the filter, in order for each connection. The filter looks at the connection as the change shows it: after the change, or before a deletion.',
    subscribe: () => {
      // GraphQL's own subscriptions would give all events one context, whose loaders would return what they read at the first.
      throw new Error('subscriptions are executed by graphql/subscriptions');
    },
  })
  environmentAccountConnectionStatusChanged(
    @Root() { connection, previousStatus, status, occurredAt }: ConnectionStatusChange,
    // It selects the changes for which this is executed. Here it only declares the argument.
    @Arg('filter', () => EnvironmentAccountConnectionFilter, { nullable: true }) // eslint-disable-next-line @typescript-eslint/no-unused-vars
    _filter: StatusChangedArgs['filter'],
  ): EnvironmentAccountConnectionStatusChange {
    return {
      connection: Object.assign(toGraphQLConnection(connection), { isDeleted: status === null }),
      previousStatus,
      status,
      occurredAt,
    };
  }
}
