import { Arg, Args, Ctx, ID, Query, Resolver } from 'type-graphql';

import type { SubgraphContext } from '../context';
import { PageArgs, SizedByFirst } from '../pagination';
import {
  EnvironmentAccountConnectionConnection,
  EnvironmentAccountConnectionFilter,
  toGraphQLConnectionPage,
} from './connection-page';
import { EnvironmentAccountConnection, toGraphQLConnection } from './environment-account-connection';

@Resolver(() => EnvironmentAccountConnection)
export class ConnectionQueries {
  @Query(() => EnvironmentAccountConnection, {
    nullable: true,
    description: 'The connection with this id, or null when the caller can see none.',
  })
  async environmentAccountConnection(
    @Arg('id', () => ID) id: string,
    @Ctx() { loaders }: SubgraphContext,
  ): Promise<EnvironmentAccountConnection | null> {
    const connection = await loaders.connection.load({ id });
    return connection ? toGraphQLConnection(connection) : null;
  }

  @Query(() => EnvironmentAccountConnection, {
    nullable: true,
    description: 'The connection with this ARN, or null when the caller can see none.',
  })
  async environmentAccountConnectionByArn(
    @Arg('arn', () => ID) arn: string,
    @Ctx() { loaders }: SubgraphContext,
  ): Promise<EnvironmentAccountConnection | null> {
    const connection = await loaders.connection.load({ arn });
    return connection ? toGraphQLConnection(connection) : null;
  }

  @Query(() => EnvironmentAccountConnectionConnection, {
    nullable: true,
    description:
      'The connections that the caller can see, newest first. As in every paged field, `first` must be 1 to 100 and `after` a cursor of the same list and filter; otherwise the result is a GraphQL error with code BAD_USER_INPUT.',
  })
  @SizedByFirst()
  async environmentAccountConnections(
    @Arg('filter', () => EnvironmentAccountConnectionFilter, { nullable: true })
    filter: EnvironmentAccountConnectionFilter | null | undefined,
    @Args(() => PageArgs) { first, after }: PageArgs,
    @Ctx() { loaders }: SubgraphContext,
  ): Promise<EnvironmentAccountConnectionConnection> {
    const page = await loaders.connectionPage.load({ filter, first, after });
    return toGraphQLConnectionPage(page, { filter });
  }
}
