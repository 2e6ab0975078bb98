import { Arg, Args, Ctx, ID, Query, Resolver } from 'type-graphql';

import type { SubgraphContext } from '../context';
import { PageArgs, SizedByFirst } from '../pagination/page-args';
import {
  EnvironmentAccountConnectionConnection,
  EnvironmentAccountConnectionFilter,
  showConnectionPage,
} from './connection-page';
import { EnvironmentAccountConnection, showConnection } from './environment-account-connection';

@Resolver(() => EnvironmentAccountConnection)
export class ConnectionQueries {
  @Query(() => EnvironmentAccountConnection, {
    nullable: true,
    description: 'One connection, or null when none is visible to the caller under this id.',
  })
  async environmentAccountConnection(
    @Arg('id', () => ID) id: string,
    @Ctx() { loaders }: SubgraphContext,
  ): Promise<EnvironmentAccountConnection | null> {
    const connection = await loaders.connection.load({ id });
    return connection ? showConnection(connection) : null;
  }

  @Query(() => EnvironmentAccountConnection, {
    nullable: true,
    description: 'One connection by its ARN, or null when none is visible to the caller.',
  })
  async environmentAccountConnectionByArn(
    @Arg('arn', () => ID) arn: string,
    @Ctx() { loaders }: SubgraphContext,
  ): Promise<EnvironmentAccountConnection | null> {
    const connection = await loaders.connection.load({ arn });
    return connection ? showConnection(connection) : null;
  }

  @Query(() => EnvironmentAccountConnectionConnection, {
    nullable: true,
    description:
      'The connections that are visible to the caller, newest request first. `first` is 1 to 100; another value, or a cursor that is not of this list and filter, is a GraphQL error with code BAD_USER_INPUT, here and in every paged field.',
  })
  @SizedByFirst()
  async environmentAccountConnections(
    @Arg('filter', () => EnvironmentAccountConnectionFilter, { nullable: true })
    filter: EnvironmentAccountConnectionFilter | null | undefined,
    @Args(() => PageArgs) { first, after }: PageArgs,
    @Ctx() { loaders }: SubgraphContext,
  ): Promise<EnvironmentAccountConnectionConnection> {
    const page = await loaders.connectionPage.load({ filter, first, after });
    return showConnectionPage(page, { filter });
  }
}
